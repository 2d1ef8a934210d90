"""The hash an environment is known by."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from apps.runtimes.detect import Installation
from apps.runtimes.environments.fingerprint import fingerprint, platform_name
from tests.unit.runtimes.requests_for_environments import PYTHON, make_request


@given(st.lists(st.text(min_size=1), unique=True), st.data())
def test_the_order_of_dependencies_does_not_matter(dependencies: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(dependencies))
    assert fingerprint(make_request(), dependencies) == fingerprint(make_request(), shuffled)


def test_another_dependency_is_another_hash() -> None:
    assert fingerprint(make_request(), ["six==1.16"]) != fingerprint(make_request(), ["six==1.17"])


def test_neighbouring_dependencies_do_not_run_into_each_other() -> None:
    assert fingerprint(make_request(), ["ab", "c"]) != fingerprint(make_request(), ["a", "bc"])


def test_the_lock_file_counts_byte_for_byte() -> None:
    hashes = {fingerprint(make_request(lock=lock), []) for lock in (None, b"", b"six==1.17.0\n", b"six==1.17.0")}
    assert len(hashes) == 4


def test_a_moved_or_upgraded_interpreter_is_noticed() -> None:
    installations = [Installation("3.11.7", "/a"), Installation("3.11.7", "/b"), Installation("3.11.8", "/a")]
    hashes = {fingerprint(make_request(installation=item), []) for item in installations}
    assert len(hashes) == 3


def test_another_way_of_building_is_another_hash() -> None:
    other = replace(PYTHON, environment=replace(PYTHON.environment, install=("make",)))
    assert fingerprint(make_request(), []) != fingerprint(make_request(runtime=other), [])


def test_the_pack_that_asks_does_not_matter() -> None:
    assert fingerprint(make_request(pack_ref="a"), []) == fingerprint(make_request(pack_ref="b"), [])


def test_the_platform_names_system_machine_and_library() -> None:
    assert platform_name().count("-") == 2
