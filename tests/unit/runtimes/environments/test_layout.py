"""Where environments are."""

import threading
from functools import partial
from pathlib import Path

import pytest

from apps.runtimes.environments import layout, lookup, metadata
from apps.runtimes.environments.errors import PackNameReserved
from apps.runtimes.environments.layout import Generation, Place, place_of, places_in
from tests.waiting import wait_for

HASH = "0123456789abcdef" * 4


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = place_of(tmp_path, pack_ref="acme.web", runtime="python", needs_environment=True)
    place.make()
    return place


def generation(place: Place, *, complete: bool = True) -> Generation:
    folder = place.claim_folder(HASH)
    folder.mkdir()
    if complete:
        (folder / metadata.FILE_NAME).write_text("{}")
    return Generation.in_folder(folder)


def test_dots_of_a_pack_become_underscores(place: Place, tmp_path: Path) -> None:
    assert place.link == tmp_path / "acme_web/python"


def test_a_pack_without_dependencies_is_in_the_base(tmp_path: Path) -> None:
    place = place_of(tmp_path, pack_ref="acme.web", runtime="python", needs_environment=False)
    assert place.link == tmp_path / "_base/python"


@pytest.mark.parametrize("needs_environment", [True, False])
def test_no_pack_can_take_the_place_of_the_base(tmp_path: Path, needs_environment: bool) -> None:
    with pytest.raises(PackNameReserved):
        place_of(tmp_path, pack_ref="_base", runtime="python", needs_environment=needs_environment)


def test_generations_are_numbered_on_and_named_by_hash(place: Place) -> None:
    names = [generation(place).folder.name for _ in range(11)]
    assert names[0] == "python-0123456789ab-1"
    assert names[10] == "python-0123456789ab-11"
    assert [item.number for item in place.generations()] == list(range(1, 12))


def test_a_number_is_not_given_again_when_its_generation_is_gone(place: Place) -> None:
    layout.discard(generation(place).folder)
    assert generation(place).number == 2


def test_a_lock_file_without_a_number_is_no_obstacle(place: Place) -> None:
    generation(place)
    place.lock_file.write_text("")
    assert generation(place).number == 2


def test_generations_of_another_runtime_are_none_of_this_ones(place: Place) -> None:
    other = Place(place.folder, "python_x")
    (other.folder / ".generations" / f"python_x-{HASH[:12]}-1").mkdir()
    assert place.generations() == []
    assert len(other.generations()) == 1


def test_folders_that_a_hand_put_there_are_left_alone(place: Place) -> None:
    (place.folder / ".generations" / "python-backup").mkdir()
    (place.folder / ".generations" / "python-backup-of-monday").mkdir()
    assert place.generations() == []


def test_what_is_linked_serves(place: Place) -> None:
    assert place.linked() is None
    first, second = generation(place), generation(place)
    place.switch(first)
    assert place.linked() == first
    place.switch(second)
    assert place.linked() == second


def test_there_is_no_moment_at_which_nothing_serves(place: Place) -> None:
    both = [generation(place), generation(place)]
    place.switch(both[0])
    seen: list[Generation | None] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            seen.append(place.linked())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(2000):
            place.switch(both[number % 2])
        for each in both:  # a reader that had to wait for a processor may have seen one of them alone
            place.switch(each)
            wait_for(partial(seen.__contains__, each), what="both to be seen")
    finally:
        is_over.set()
        reader.join()
    assert {item.number for item in seen if item} == {1, 2}
    assert None not in seen


def test_the_link_is_relative_so_that_a_volume_may_be_mounted_elsewhere(place: Place) -> None:
    place.switch(generation(place))
    assert not place.link.readlink().is_absolute()


def test_a_link_half_made_by_a_killed_builder_is_no_obstacle(place: Place) -> None:
    (place.folder / ".python.link").symlink_to("nowhere")
    place.switch(generation(place))
    assert place.linked() is not None


def test_a_link_of_somebody_else_serves_nothing(place: Place) -> None:
    place.link.symlink_to("/usr")
    assert place.linked() is None


def test_a_folder_in_the_place_of_the_link_is_not_overwritten(place: Place) -> None:
    place.link.mkdir()
    with pytest.raises(OSError):
        place.switch(generation(place))
    assert place.link.is_dir()


def test_places_are_known_by_their_locks(place: Place, tmp_path: Path) -> None:
    place.lock_file.touch()
    Place(place.folder, "node").lock_file.touch()
    assert [item.link.relative_to(tmp_path).as_posix() for item in places_in(tmp_path)] == [
        "acme_web/node",
        "acme_web/python",
    ]


def test_what_is_discarded_is_gone(place: Place) -> None:
    folder = generation(place).folder
    (folder / "lib").mkdir()
    layout.discard(folder)
    assert [path for path in (place.folder / ".generations").iterdir() if path.is_dir()] == []


def test_the_look_up_resolves_the_link(place: Place, tmp_path: Path) -> None:
    built = generation(place)
    place.switch(built)
    found = lookup.find(tmp_path, pack_ref="acme.web", runtime="python", needs_environment=True)
    assert found == built.folder


def test_the_look_up_finds_nothing_that_is_missing_or_not_complete(place: Place, tmp_path: Path) -> None:
    def find() -> Path | None:
        return lookup.find(tmp_path, pack_ref="acme.web", runtime="python", needs_environment=True)

    assert find() is None
    place.switch(generation(place, complete=False))
    assert find() is None


def test_a_generation_knows_by_its_name_whether_it_is_current(place: Place) -> None:
    folder = generation(place).folder
    assert lookup.is_current(folder, HASH)
    assert not lookup.is_current(folder, "f" * 64)
