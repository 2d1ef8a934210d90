"""Runtimes that packs bring, in the database."""

from typing import Any

import pytest

from apps.accounts.models import Identity
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.models import Runtime
from apps.runtimes.services import known_runtimes, upsert_runtimes
from apps.runtimes.services.runtimes import RuntimeTaken
from tests.people import make_identity

pytestmark = pytest.mark.django_db


def runtime(name: str, **fields: Any) -> RuntimeDefinition:
    return RuntimeDefinition.from_json({"name": name, "detect": [[name]], "command": ["{interpreter}"], **fields})


def names() -> list[str]:
    return list(Runtime.objects.values_list("name", flat=True))


def test_a_pack_brings_its_runtimes_and_their_definitions_survive() -> None:
    definition = runtime("lua", aliases=["lua5"], extensions=[".lua"])
    upsert_runtimes("acme", "d1", [definition])
    row = Runtime.objects.get()
    assert (row.name, row.aliases, row.pack_ref, row.pack_digest) == ("lua", ["lua5"], "acme", "d1")
    assert row.parsed == definition


def test_a_new_version_changes_adds_and_removes() -> None:
    upsert_runtimes("acme", "d1", [runtime("lua"), runtime("gone")])
    upsert_runtimes("acme", "d2", [runtime("lua", label="Lua"), runtime("new")])
    assert names() == ["lua", "new"]
    assert Runtime.objects.get(name="lua").definition["label"] == "Lua"
    assert set(Runtime.objects.values_list("pack_digest", flat=True)) == {"d2"}


def test_runtimes_of_other_packs_are_left_alone() -> None:
    upsert_runtimes("acme", "d1", [runtime("lua")])
    upsert_runtimes("other", "d2", [])
    assert names() == ["lua"]


@pytest.mark.parametrize(
    "second",
    [runtime("lua"), runtime("lua5"), runtime("tcl", aliases=["lua"]), runtime("tcl", aliases=["lua5"])],
    ids=["name", "name is an alias", "alias is a name", "alias"],
)
def test_a_name_that_belongs_to_another_pack_is_refused_and_nothing_changes(second: RuntimeDefinition) -> None:
    upsert_runtimes("acme", "d1", [runtime("lua", aliases=["lua5"])])
    upsert_runtimes("other", "d2", [runtime("tcl")])
    with pytest.raises(RuntimeTaken, match="lua"):
        upsert_runtimes("other", "d3", [runtime("new"), second])
    assert names() == ["lua", "tcl"]


def test_two_runtimes_of_one_pack_cannot_share_a_name_either() -> None:
    with pytest.raises(RuntimeTaken):
        upsert_runtimes("acme", "d1", [runtime("lua"), runtime("tcl", aliases=["lua"])])
    assert names() == []


def test_a_runtime_may_name_itself_twice() -> None:
    upsert_runtimes("acme", "d1", [runtime("lua", aliases=["lua"])])
    assert names() == ["lua"]


def test_those_of_core_come_first() -> None:
    upsert_runtimes("acme", "d1", [runtime("a")])
    upsert_runtimes("core", "d2", [runtime("z"), runtime("b")])
    assert [item.name for item in known_runtimes()] == ["b", "z", "a"]


def test_runtimes_are_seen_by_who_was_given_that_and_nobody_else() -> None:
    upsert_runtimes("acme", "d1", [runtime("lua")])
    viewer = make_identity("viewer", role="sees runtimes", grants=("runtime.view",))
    assert Runtime.objects.visible_to(viewer).count() == 1
    assert Runtime.objects.visible_to(make_identity("nobody")).count() == 0
    assert Runtime.objects.visible_to(Identity(username="gone", is_active=False)).count() == 0
