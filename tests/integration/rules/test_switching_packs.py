"""Packs switched while rules and packs are changed: nobody's change is missed, and nobody waits in a circle."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from apps.packs.models import Pack
from apps.packs.services.install import install_pack
from apps.packs.services.manage import set_pack_enabled
from apps.packs.services.remove import remove_pack
from apps.rules.models import Rule
from apps.rules.services.rules import follow_pack, remove_rule, update_rule
from apps.triggers.models import Trigger
from tests.factories import make_action, make_rule, make_runtimes, make_trigger_type, write_pack
from tests.people import People
from tests.threads import race, wait_for_locks

DIGIT = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.fixture(autouse=True)
def packs(people: People, settings: Any, tmp_path: Path) -> None:
    """`acme` and `web`, without anything in them yet."""
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    make_runtimes("shell")
    make_action()
    make_trigger_type(parameters_schema=DIGIT)
    for ref in ("acme", "web"):
        install_pack(write_pack(tmp_path / ref, ref=ref, files={}), identity=None)


def meet(first: Callable[[], object], then: Callable[[], object], *, last: Callable[[], object] = lambda: None) -> None:
    """`then` begins within the transaction of `first`, which does its `last` once somebody waits for it."""
    held = threading.Event()

    def act(index: int) -> None:
        if index == 0:
            with transaction.atomic():
                first()
                held.set()
                wait_for_locks(1)
                last()
        else:
            assert held.wait(30)
            then()

    race(2, act)


def listened() -> list[bool]:
    return list(Trigger.objects.order_by("pk").values_list("is_listened", flat=True))


def test_a_rule_that_goes_to_another_trigger_meanwhile(people: People) -> None:
    rule = make_rule(people.administrator, pack_ref="acme")
    meet(
        lambda: update_rule(people.administrator, rule, {"trigger_parameters": {"n": 2}}),
        lambda: set_pack_enabled(people.administrator, ref="acme", enabled=False),
    )
    assert listened() == [False, False]


@pytest.mark.parametrize("acme", [True, False])
def test_two_packs_that_listen_to_one_trigger(people: People, acme: bool) -> None:
    for ref in ("acme", "web"):
        make_rule(people.administrator, pack_ref=ref)
    set_pack_enabled(people.administrator, ref="acme", enabled=not acme)
    meet(
        lambda: set_pack_enabled(people.administrator, ref="acme", enabled=acme),
        lambda: set_pack_enabled(people.administrator, ref="web", enabled=False),
    )
    assert listened() == [acme]


def test_a_rule_that_is_made_anew_meanwhile(people: People) -> None:
    remove_rule(people.administrator, make_rule(people.administrator, pack_ref="acme"))
    meet(
        lambda: Pack.objects.filter(ref="acme").update(is_enabled=False),
        lambda: make_rule(people.administrator, pack_ref="acme"),
        last=lambda: follow_pack(Pack.objects.get(ref="acme")),
    )
    assert not Rule.objects.get().is_active
    assert listened() == [False]


RULE = "name: {name}\ntrigger: {{type: demo.pushed, parameters: {{n: {n}}}}}\naction: {{ref: demo.deploy}}\n"


def install(folder: Path, **numbers: int) -> None:
    files = {f"rules/{name}.yaml": RULE.format(name=name, n=n) for name, n in numbers.items()}
    version = f"2.0.{len(list(folder.iterdir()))}"
    install_pack(write_pack(folder / version, ref="acme", version=version, files=files), identity=None)


def test_a_pack_that_is_removed_meanwhile(people: People, tmp_path: Path) -> None:
    install(tmp_path, one=1)
    meet(
        lambda: Pack.objects.filter(ref="acme").update(is_enabled=False),
        lambda: remove_pack(people.administrator, ref="acme", force=True),
        last=lambda: follow_pack(Pack.objects.get(ref="acme")),
    )
    assert Rule.objects.get().is_removed


def test_another_version_of_a_disabled_pack_takes_triggers_in_their_order(people: People, tmp_path: Path) -> None:
    install(tmp_path, one=1)
    make_rule(people.administrator, trigger_parameters={"n": 2}, is_enabled=False)
    set_pack_enabled(people.administrator, ref="acme", enabled=False)
    first, second = Trigger.objects.order_by("pk")
    meet(
        lambda: Trigger.objects.select_for_update(no_key=True).get(pk=first.pk),
        lambda: install(tmp_path, two=2),
        last=lambda: Trigger.objects.select_for_update(no_key=True).get(pk=second.pk),
    )
    assert listened() == [False, False]
