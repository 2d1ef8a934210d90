"""Recording what happened, and listening for it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.types import JsonObject
from apps.rules.models import Enforcement
from apps.rules.retention import collect_events
from apps.rules.services.rules import remove_rule, update_rule
from apps.triggers import listening, pack_files
from apps.triggers.models import Event, Trigger, TriggerType
from apps.triggers.services import event_rows
from apps.triggers.services.events import InvalidPayload, Occurrence, record
from apps.triggers.types import UnknownTrigger
from tests.conductor import process_open
from tests.conftest import messages_in
from tests.factories import make_action, make_event, make_rule, make_trigger_type
from tests.people import People
from tests.threads import race


@pytest.fixture(autouse=True)
def pushed(people: People) -> None:
    make_trigger_type(payload_schema={"type": "object", "properties": {"host": {"type": "string"}}})


def occurrence(payload: JsonObject | None = None, key: str | None = None) -> Occurrence:
    return Occurrence(type_ref="demo.pushed", payload=payload or {}, source="api", dedupe_key=key)


def test_events_are_recorded_all_or_none() -> None:
    with pytest.raises(InvalidPayload) as refused:
        record([occurrence({"host": "a"}), occurrence({"host": 1}), occurrence({"host": "x" * 2**20})])
    assert [error.pointer for error in refused.value.errors] == ["/events/1/payload/host", "/events/2/payload"]
    with pytest.raises(UnknownTrigger):
        record([occurrence(), Occurrence(type_ref="demo.nothing", payload={}, source="api")])
    assert not Event.objects.exists()
    assert [recorded.is_new for recorded in record([occurrence(), occurrence()])] == [True, True]


def test_what_the_database_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidPayload):
        record([occurrence({"host": "\0"})])


def test_one_that_is_removed_while_it_comes_again_is_recorded_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = record([occurrence(key="a")])
    found = event_rows._found

    def too_late(doubles: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
        Event.objects.filter(pk=first.event_id).delete()
        return found(doubles)

    monkeypatch.setattr(event_rows, "_found", too_late)
    (again,) = record([occurrence(key="a")])
    assert again.event_id != first.event_id
    assert list(Event.objects.values_list("pk", flat=True)) == [again.event_id]


def test_the_same_delivery_is_one_event_also_at_once_and_within_one_call() -> None:
    first, again, other = record([occurrence(key="a"), occurrence(key="a"), occurrence(key="b")])
    assert (first.event_id, first.is_new, again.is_new, other.is_new) == (again.event_id, True, False, True)
    found = race(4, lambda _: record([occurrence(key="c")])[0])
    assert len({recorded.event_id for recorded in found}) == 1
    assert sum(recorded.is_new for recorded in found) == 1


def test_nothing_is_hinted_before_the_commit_and_many_events_are_one_hint() -> None:
    with transaction.atomic():
        record([occurrence()])
        assert messages_in("control") == 0
    for _ in range(5):
        record([occurrence()])
    assert messages_in("control") == 1


class TestListening:
    @pytest.fixture
    def told(self) -> Iterator[list[tuple[str, bool]]]:
        told: list[tuple[str, bool]] = []

        def watch(triggers: Sequence[Trigger]) -> None:
            told.extend((trigger.type.ref, trigger.is_listened) for trigger in triggers)

        listening.register_watcher(watch)
        yield told
        listening._watchers.remove(watch)

    def test_watchers_hear_of_the_first_rule_and_of_the_last(
        self, people: People, told: list[tuple[str, bool]]
    ) -> None:
        make_action()
        one, two = make_rule(people.owner, "one"), make_rule(people.owner, "two")
        update_rule(people.owner, one, {"is_enabled": False})
        assert told == [("demo.pushed", True)]
        remove_rule(people.owner, two)
        assert told == [("demo.pushed", True), ("demo.pushed", False)]

    def test_defaults_are_filled_in_so_that_equal_triggers_are_one(self) -> None:
        make_trigger_type("tick", parameters_schema={"type": "object", "properties": {"zone": {"default": "utc"}}})
        assert listening.trigger_for("demo.tick", {}) == listening.trigger_for("demo.tick", {"zone": "utc"})


class TestRetention:
    def test_old_events_go_and_open_ones_stay(self, people: People) -> None:
        make_action()
        make_rule(people.owner)
        gone, unprocessed, young = make_event(), make_event(), make_event()
        Event.objects.filter(pk__in=[gone.pk, young.pk]).update(processed_at="2000-01-01T00:00Z")
        Event.objects.filter(pk__in=[gone.pk, unprocessed.pk]).update(received_at="2000-01-01T00:00Z")
        assert collect_events() == 1
        assert set(Event.objects.values_list("pk", flat=True)) == {unprocessed.pk, young.pk}
        connection.close()

    def test_an_event_stays_while_the_execution_it_started_keeps_the_next_one_waiting(self, people: People) -> None:
        make_action()
        make_rule(people.owner, overlap="skip")
        make_event()
        process_open()
        Event.objects.update(received_at="2000-01-01T00:00Z")
        assert collect_events() == 0


class TestRefitting:
    """A pack changes what parameters its trigger type knows: rules and events written before still meet."""

    def type_with(self, **properties: JsonObject) -> None:
        schema = {"type": "object", "properties": properties}
        tick = TriggerType(ref="demo.tick", pack_ref="demo", name="tick", parameters_schema=schema)
        with transaction.atomic():
            pack_files.write_types("demo", [tick])

    def met(self) -> list[tuple[str, int]]:
        process_open()
        return sorted(Enforcement.objects.values_list("rule__ref", "event"))

    @pytest.fixture(autouse=True)
    def deploy(self, people: People) -> None:
        make_action()

    def test_a_new_default_reaches_the_rules_and_events_there_are(self, people: People) -> None:
        self.type_with(n={"type": "integer"})
        make_rule(people.owner, trigger="demo.tick", trigger_parameters={"n": 1})
        before = make_event(type_ref="demo.tick", parameters={"n": 1})
        self.type_with(n={"type": "integer"}, zone={"default": "utc"})
        after = make_event(type_ref="demo.tick", parameters={"n": 1})
        make_event(type_ref="demo.tick", parameters={"n": 1, "zone": "cet"})
        assert self.met() == [("on_push", before.pk), ("on_push", after.pk)]

    def test_a_parameter_that_is_gone_goes_where_it_was_the_default(self, people: People) -> None:
        self.type_with(zone={"default": "utc"})
        make_rule(people.owner, "utc", trigger="demo.tick")
        make_rule(people.owner, "cet", trigger="demo.tick", trigger_parameters={"zone": "cet"})
        self.type_with()
        event = make_event(type_ref="demo.tick")
        assert self.met() == [("utc", event.pk)]

    def test_another_default_leaves_what_rules_say(self, people: People) -> None:
        self.type_with(zone={"default": "utc"})
        make_rule(people.owner, trigger="demo.tick", trigger_parameters={"zone": "utc"})
        self.type_with(zone={"default": "cet"})
        make_event(type_ref="demo.tick")
        event = make_event(type_ref="demo.tick", parameters={"zone": "utc"})
        assert self.met() == [("on_push", event.pk)]

    def test_triggers_that_become_the_same_are_one(self, people: People) -> None:
        self.type_with(zone={})
        make_rule(people.owner, "said", trigger="demo.tick", trigger_parameters={"zone": "utc"})
        make_rule(people.owner, "unsaid", trigger="demo.tick")
        process_open()
        self.type_with(zone={"default": "utc"})
        event = make_event(type_ref="demo.tick")
        assert self.met() == [("said", event.pk), ("unsaid", event.pk)]
        assert Trigger.objects.filter(is_listened=True).count() == 1


def test_a_thousand_deliveries_sent_once_more_are_found_in_one_query() -> None:
    said = [occurrence(key=str(number)) for number in range(50)]
    first = record(said)
    with CaptureQueriesContext(connection) as captured:
        again = record(said)
    assert [recorded.event_id for recorded in again] == [recorded.event_id for recorded in first]
    assert len(captured) <= 6, captured.captured_queries
