import pytest

from apps.packs.semver import NoVersion, VersionRange, is_lower

#: The example of semver.org, in its order.
ORDER = (
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
    "1.0.0", "1.2.0", "1.10.0", "2.0.0",
)  # fmt: skip


def test_versions_are_in_the_order_of_the_specification() -> None:
    for index, version in enumerate(ORDER):
        assert [is_lower(version, other) for other in ORDER] == [other > index for other in range(len(ORDER))]


def test_what_stands_after_a_plus_has_no_rank() -> None:
    assert not is_lower("1.0.0+1", "1.0.0+2")
    assert not is_lower("1.0.0+2", "1.0.0+1")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("", ["0.0.1", "9.9.9"], []),
        (">=1.2,<2", ["1.2.0", "1.10.0"], ["1.1.9", "2.0.0"]),
        ("=1.2.0", ["1.2.0"], ["1.2.1"]),
        ("!=1.2", ["1.2.1"], ["1.2.0"]),
        ("> 1.0.0-rc.1", ["1.0.0"], ["1.0.0-rc.1", "1.0.0-beta"]),
        ("<=2", ["2.0.0", "1.0.0"], ["2.0.1"]),
    ],
)
def test_a_range_holds_for_what_all_of_its_parts_hold_for(text: str, inside: list[str], outside: list[str]) -> None:
    versions = VersionRange.parse(text)
    assert all(version in versions for version in inside)
    assert not any(version in versions for version in outside)


@pytest.mark.parametrize("text", ["1.0", "~1.0", ">=", ">=1,", ">=x", "=>1", ">=1.2.3.4"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(NoVersion):
        VersionRange.parse(text)
