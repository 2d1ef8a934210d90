"""What a worker reads for a process at claim time: its secrets, and a record that it did."""

from typing import Any

import pytest
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.core.crypto import SealBroken
from apps.executions.definitions import definition_of
from apps.executions.document import Handed
from apps.executions.secrets import handed
from apps.keys.models import Key, KeyVersion
from apps.keys.owners import SYSTEM, pack_owner
from apps.keys.services import set_key
from apps.packs.models import Pack, PackVersion
from tests.factories import make_action, make_execution, make_worker
from tests.running import claimed
from tests.statements import statements_in

pytestmark = pytest.mark.usefixtures("fresh")


def given(**fields: Any) -> Handed:
    """To a run of an action of the pack `demo`."""
    execution = make_execution(make_action(**fields))
    claim = claimed(execution, make_worker(f"w{execution.pk}"))
    return handed(claim, definition_of(claim.definition_id))


def test_the_keys_it_names_are_handed_over_and_who_read_them_is_recorded() -> None:
    set_key(SYSTEM, "cloud", value="of the system", by=None)
    set_key(pack_owner("demo", Pack.objects.get(pk=make_action().pack_id).uuid), "db", value={"user": "x"}, by=None)
    found = given(secrets=["cloud", "db"])
    assert found.keys == {"cloud": "of the system", "db": {"user": "x"}}
    assert found.masked == ("of the system", {"user": "x"})
    assert found.lacking == ()
    rows = AuditRecord.objects.order_by("on").values_list("deed", "on", "outcome", "who_id")
    assert list(rows) == [("key.read", "cloud", "done", None), ("key.read", "pack:demo:db", "done", None)]
    record = AuditRecord.objects.first()
    assert record is not None
    assert record.who.startswith("execution ")
    assert record.facts == {"action": "demo.deploy", "attempt": 1, "version": 1}


def test_an_expired_key_is_absent_with_a_sentence_and_no_record() -> None:
    set_key(SYSTEM, "cloud", value="hush-hush", by=None)
    Key.objects.update(expires_at=timezone.now())
    found = given(secrets=["cloud"])
    assert (found.keys, found.masked) == ({}, ())
    assert found.lacking == ("the key cloud has expired, so the action got no secret cloud",)
    assert not AuditRecord.objects.exists()


def test_code_of_a_pack_that_is_gone_gets_no_keys() -> None:
    set_key(SYSTEM, "cloud", value="hush-hush", by=None)
    execution = make_execution(make_action(secrets=["cloud"]))
    claim = claimed(execution, make_worker())
    PackVersion.objects.update(digest="f" * 64)  # what serves under the ref now is something else
    assert handed(claim, definition_of(claim.definition_id)).keys == {}


def test_a_ciphertext_that_was_changed_stops_it() -> None:
    set_key(SYSTEM, "cloud", value="hush-hush", by=None)
    KeyVersion.objects.update(sealed=b"\x01\x04test" + bytes(120))
    with pytest.raises(SealBroken):
        given(secrets=["cloud"])


def test_an_action_that_names_no_keys_costs_no_query(django_assert_num_queries: Any) -> None:
    given()  # which remembers that the pack declares no configuration
    execution = make_execution(make_action())
    claim = claimed(execution, make_worker())
    definition = definition_of(claim.definition_id)
    with django_assert_num_queries(0) as captured:
        assert handed(claim, definition) == Handed()
    assert statements_in(captured) == 0
