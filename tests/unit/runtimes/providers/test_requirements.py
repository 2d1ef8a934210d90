"""requirements.txt, flattened and in one way of writing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.providers.requirements import Requirements, requirements_of
from tests.unit.runtimes.requests_for_environments import make_request


def requirements(text: str, pack_dir: Path = Path("/packs/acme")) -> Requirements:
    return requirements_of(make_request(pack_dir, manifest=text.encode()))


def normalised(text: str) -> list[str]:
    return requirements(text).normalised(Path("/packs/acme"))


def test_comments_empty_lines_and_continued_lines_are_understood() -> None:
    text = "# comment\n\nsix==1.17.0  # why\nidna \\\n  ==3.7\r\nfoo @ https://e.org/foo.zip#egg=foo\n"
    assert requirements(text).lines == ("six==1.17.0", "idna    ==3.7", "foo @ https://e.org/foo.zip#egg=foo")


@pytest.mark.parametrize(
    "text",
    [
        "Foo_Bar>=1.0,<2",
        "foo-bar >= 1.0, < 2",
        "FOO.BAR<2,>=1.0",
        "foo-bar>=1.0,<2 # comment",
        "  foo--bar>=1.0,<2  ",
    ],
)
def test_equal_wishes_are_written_alike(text: str) -> None:
    assert normalised(text) == normalised("foo-bar>=1.0,<2")


def test_markers_extras_and_hashes_count() -> None:
    texts = ["six", "six[x]", "six; python_version<'3'", "six --hash=sha256:00", "six --hash=sha256:01"]
    assert len({tuple(normalised(text)) for text in texts}) == len(texts)


def test_lines_that_are_no_requirements_are_kept() -> None:
    assert normalised("--index-url   https://e.org/simple") == ["--index-url https://e.org/simple"]


def test_manifest_and_further_dependencies_come_together_without_doubles() -> None:
    request = make_request(manifest=b"six\nidna\n", dependencies=("idna", "attrs"))
    assert requirements_of(request).lines == ("six", "idna", "attrs")


def test_a_lock_file_stands_for_everything() -> None:
    request = make_request(manifest=b"six\n", dependencies=("attrs",), lock=b"six==1.17.0\n")
    assert requirements_of(request).lines == ("six==1.17.0",)


def test_included_files_are_put_in_relative_to_the_file_that_includes_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/base.txt").write_text("six\n-r more.txt\n")
    (tmp_path / "sub/more.txt").write_text("idna\n")
    for option in (
        "-r sub/base.txt",
        "-rsub/base.txt",
        "--requirement=sub/base.txt",
        "--requirement sub/base.txt",
    ):
        assert requirements(f"attrs\n{option}\n", tmp_path).lines == ("attrs", "six", "idna")


def test_constraints_stay_constraints_with_what_they_include(tmp_path: Path) -> None:
    (tmp_path / "limits.txt").write_text("six<2\n-r more.txt\n")
    (tmp_path / "more.txt").write_text("idna<4\n")
    found = requirements("six\n-c limits.txt\n", tmp_path)
    assert found == Requirements(("six",), ("six<2", "idna<4"))
    assert "-c six<2" in found.normalised(tmp_path)


def test_an_address_that_is_included_is_left_to_the_installer() -> None:
    assert requirements("-r https://e.org/r.txt").lines == ("-r https://e.org/r.txt",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-r gone.txt", "cannot be read"),
        ("-r ../outside.txt", "outside the pack"),
        ("-r /etc/passwd", "outside the pack"),
    ],
)
def test_an_included_file_must_be_there_and_inside_the_pack(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(BuildFailed, match=reason):
        requirements(text, tmp_path)


def test_a_file_that_includes_itself_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r requirements.txt\n")
    with pytest.raises(BuildFailed, match="includes itself"):
        requirements("-r requirements.txt\n", tmp_path)


def test_a_file_that_is_no_text_is_an_error() -> None:
    with pytest.raises(BuildFailed, match="UTF-8"):
        requirements_of(make_request(manifest=b"six\n\xff\n"))


@pytest.mark.parametrize("line", ["./lib/helper", "-e ./lib", "wheels/foo-1.0-py3-none-any.whl", "foo @ file:///x/foo"])
def test_what_lies_in_the_pack_is_installed_anew_with_each_version_of_it(line: str) -> None:
    found = requirements(line)
    assert found.normalised(Path("/packs/acme/1")) != found.normalised(Path("/packs/acme/2"))


@pytest.mark.parametrize(
    "line",
    ["six==1.17.0", "foo @ https://e.org/foo-1.0.whl", "https://e.org/foo-1.0.whl", "--no-binary :all:"],
)
def test_what_lies_elsewhere_is_not(line: str) -> None:
    found = requirements(line)
    assert found.normalised(Path("/packs/acme/1")) == found.normalised(Path("/packs/acme/2"))


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        normalised(text)
    except BuildFailed:
        pass
