import pytest

from apps.packs.dependencies import PackDependency, way_back
from apps.packs.semver import NoVersion


def test_a_dependency_is_a_ref_and_perhaps_a_range() -> None:
    plain, ranged = PackDependency.parse("acme.lib"), PackDependency.parse(" acme.lib >=1,<2 ")
    assert (plain.ref, "7.0.0" in plain.versions) == ("acme.lib", True)
    assert (ranged.ref, "1.9.0" in ranged.versions, "2.0.0" in ranged.versions) == ("acme.lib", True, False)


@pytest.mark.parametrize("text", ["", "Acme", "acme..lib", ">=1", "acme@1.0", "https://host/acme.git", "acme lib"])
def test_what_names_no_pack_is_refused(text: str) -> None:
    with pytest.raises(NoVersion):
        PackDependency.parse(text)


def test_the_way_on_which_a_pack_needs_itself_is_found() -> None:
    needs = {"a": ["x", "b"], "b": ["c", "d"], "c": ["b"], "d": ["a"], "x": []}
    assert way_back("a", needs=needs) == ["a", "b", "d", "a"]
    assert way_back("x", needs=needs) == []
    assert way_back("b", needs=needs) in (["b", "c", "b"], ["b", "d", "a", "b"])
