import pytest

from apps.core.refs import is_name, is_pack_ref, join, safe_name


@pytest.mark.parametrize("ref", ["core", "aws.s3", "a_1", "0"])
def test_lower_case_words_joined_by_dots_are_pack_refs(ref: str) -> None:
    assert is_pack_ref(ref)


@pytest.mark.parametrize("ref", ["", "Core", "a..b", ".a", "a.", "a-b", "a/b", "../a", "a\n", "ä", "a" * 101])
def test_anything_else_is_no_pack_ref(ref: str) -> None:
    assert not is_pack_ref(ref)


def test_names_may_have_dots_so_a_reference_is_looked_up_whole() -> None:
    assert is_name("st2.webhook")
    assert join("aws.s3", "upload.file") == "aws.s3.upload.file"


@pytest.mark.parametrize("name", ["", "-a", "a/b", "a b", ".a", "a" * 151])
def test_what_could_leave_a_folder_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_dots_become_underscores_on_disk() -> None:
    assert safe_name("acme.web.eu") == "acme_web_eu"
