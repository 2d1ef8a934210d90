"""Which versions of an interpreter a range means."""

import pytest

from apps.runtimes.ranges import NoRange, VersionRange, minor_of, newest_first


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=3.9,<3.12", ["3.9.0", "3.9.16", "3.11.7"], ["3.8.19", "3.12.0", "4.0"]),
        ("3.11", ["3.11.0", "3.11.7"], ["3.1.1", "3.12.0"]),
        ("== 3.11.7", ["3.11.7"], ["3.11.8"]),
        ("<=3.11", ["3.11.7", "3.9.1"], ["3.12.0"]),
        (">3.11", ["3.12.0", "4.0"], ["3.11.7"]),
        (">=3.9, !=3.10", ["3.9.1", "3.11.2"], ["3.10.13"]),
        (">=18", ["18.0.0", "20.20.2"], ["16.9.1"]),
        (">=17.0.1", ["17.0.1.2", "21"], ["17.0.0", "11.0.2"]),
        ("", ["1.0"], []),
    ],
)
def test_a_version_is_compared_as_far_as_the_range_names_it(text: str, inside: list[str], outside: list[str]) -> None:
    asked = VersionRange.parse(text)
    assert [version for version in inside + outside if version in asked] == inside


@pytest.mark.parametrize("text", ["newest", ">=", "~=3.9", ">=3.9;<4", "3.x", ">=3.9,", "1.2.3.4.5.6.7", "9" * 101])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(NoRange):
        VersionRange.parse(text)


def test_a_range_is_written_in_one_way() -> None:
    assert str(VersionRange.parse(" >= 3.9 ,<3.12")) == ">=3.9,<3.12"
    assert str(VersionRange.parse("3.11")) == "==3.11"


def test_versions_are_ordered_by_their_numbers() -> None:
    assert newest_first(["3.9.16", "3.11.7", "3.9.16", "3.10"]) == ["3.11.7", "3.10", "3.9.16"]
    assert (minor_of("3.11.7"), minor_of("20")) == ("3.11", "20")
