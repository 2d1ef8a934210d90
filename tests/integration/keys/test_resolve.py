"""An action is given exactly the keys it names, each of the first of its owners that has it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.core.crypto import SealBroken
from apps.keys.models import Key, KeyVersion
from apps.keys.owners import SYSTEM, Owner, action_owner, pack_owner
from apps.keys.resolve import resolve
from apps.keys.services import reveal_key, set_key
from tests.people import People

pytestmark = pytest.mark.django_db
PACK = uuid.uuid4()
OWNERS = [action_owner("demo.deploy", PACK, pack="demo"), pack_owner("demo", PACK), SYSTEM]


def keep(owner: Owner, name: str, value: Any, **more: Any) -> Key:
    return set_key(owner, name, value=value, by=None, **more).key


def test_the_more_specific_owner_wins() -> None:
    for owner in reversed(OWNERS):
        keep(owner, "token", f"of the {owner.type}")
        assert resolve(["token"], OWNERS).values == {"token": f"of the {owner.type}"}


def test_only_what_is_named_is_given_and_what_is_missing_is_told() -> None:
    keep(SYSTEM, "a", 1)
    keep(SYSTEM, "b", 2)
    found = resolve(["a", "c"], OWNERS)
    assert (found.values, found.used, found.missing) == ({"a": 1}, {"a": 1}, ["c"])


def test_keys_of_others_are_not_given() -> None:
    keep(pack_owner("other", uuid.uuid4()), "a", 1)
    keep(pack_owner("demo", uuid.uuid4()), "a", 1)
    keep(action_owner("demo.other", PACK, pack="demo"), "a", 1)
    assert resolve(["a"], OWNERS).values == {}


def test_an_expired_key_is_absent_and_hides_those_behind_it() -> None:
    keep(SYSTEM, "a", "of the system")
    keep(OWNERS[1], "a", "of the pack", expires_at=timezone.now() + timedelta(hours=1))
    Key.objects.filter(owner_type="pack").update(expires_at=timezone.now())
    found = resolve(["a"], OWNERS)
    assert (found.values, found.expired) == ({}, {"a": "pack:demo:a"})


def test_a_key_that_is_no_secret_is_given_and_not_masked() -> None:
    keep(SYSTEM, "region", "eu-1", is_encrypted=False)
    keep(SYSTEM, "token", "swordfish")
    found = resolve(["region", "token"], OWNERS)
    assert (found.values, found.masked) == ({"region": "eu-1", "token": "swordfish"}, {"token": "swordfish"})


def test_of_a_replaced_value_nothing_is_left(people: People) -> None:
    key = keep(SYSTEM, "a", "before")
    keep(SYSTEM, "a", "after")
    assert [(row.number, row.sealed is None) for row in key.versions.order_by("number")] == [(1, True), (2, False)]
    assert reveal_key(Key.objects.get(), by=people.administrator) == "after"


def test_who_asks_while_it_is_set_anew_is_told_the_new_value(people: People) -> None:
    key = keep(SYSTEM, "a", "before")
    keep(SYSTEM, "a", "after")
    assert key.version == 1
    assert reveal_key(key, by=people.administrator) == "after"
    assert AuditRecord.objects.get(deed="key.reveal").facts == {"version": 2}


@pytest.mark.parametrize("moved", ["to another key", "to another version", "to another owner", "to another name"])
def test_a_ciphertext_that_was_moved_does_not_open(moved: str) -> None:
    keep(SYSTEM, "a", "of a")
    keep(SYSTEM, "b", "of b")
    if moved == "to another key":
        (stolen,) = KeyVersion.objects.filter(key__name="b").values_list("sealed", flat=True)
        KeyVersion.objects.filter(key__name="a").update(sealed=stolen)
    elif moved == "to another version":
        KeyVersion.objects.update(number=F("number") + 1)
        Key.objects.update(version=2)
    elif moved == "to another owner":
        Key.objects.filter(name="a").update(owner_type="pack", owner_ref="demo", owner_uuid=PACK)
    else:
        Key.objects.filter(name="b").delete()
        Key.objects.filter(name="a").update(name="b")
    with pytest.raises(SealBroken):
        resolve(["a", "b"], OWNERS)
