"""Queries that are put together once give what their queryset gives."""

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from apps.actions.models import Action
from apps.core.fixed_query import FixedQuery
from apps.executions.models import Execution
from apps.triggers.models import Event
from tests.factories import make_action, make_event, make_execution, make_trigger_type

pytestmark = pytest.mark.django_db(transaction=True)


def test_its_rows_are_those_of_the_queryset_with_what_belongs_to_them() -> None:
    make_action("deploy", parameters={"host": {"type": "string"}})
    make_action("other")
    by_ref = FixedQuery(
        lambda ref: Action.objects.select_related("pack", "version", "definition").filter(ref=ref), ref="text"
    )
    for ref in ("demo.deploy", "demo.other"):
        expected = Action.objects.select_related("pack", "version", "definition").get(ref=ref)
        with CaptureQueriesContext(connection) as queries:
            found = by_ref.single(ref=ref)
            assert found is not None
            assert (found, found.pack.ref, found.definition.body) == (expected, "demo", expected.definition.body)
        assert len(queries) == 1
    assert by_ref.single(ref="demo.gone") is None


def test_a_value_stands_wherever_the_query_has_it_and_what_is_fixed_stays() -> None:
    make_trigger_type()
    events = [make_event({"host": "web1"}) for _ in range(3)]
    around = FixedQuery(
        lambda pk: Event.objects.filter(pk__gte=pk, processed_at=None).exclude(pk=pk).order_by("-pk"), pk="number"
    )
    assert [event.pk for event in around(pk=events[0].pk)] == [events[2].pk, events[1].pk]
    assert around(pk=events[2].pk) == []
    assert around(pk=events[0].pk)[0].payload == {"host": "web1"}


def test_fields_left_out_are_read_when_they_are_asked_for() -> None:
    execution = make_execution()
    found = FixedQuery(lambda: Execution.objects.only("pk")[:1]).single()
    assert found is not None
    assert found.get_deferred_fields()
    assert found.action_ref == execution.action_ref


def test_what_is_annotated_stands_on_each_row() -> None:
    action = make_action("deploy")
    named = FixedQuery(
        lambda ref: Action.objects.filter(ref=ref).annotate(more=F("id") + 1, text=F("pack__ref")).order_by(),
        ref="text",
    )
    found = named.single(ref="demo.deploy")
    assert found is not None
    assert (found.more, found.text) == (action.pk + 1, "demo")  # type: ignore[attr-defined]


def test_a_queryset_picks_the_rows_with_values_of_its_own() -> None:
    first, second, other = (make_action(name) for name in ("deploy", "restart", "other"))
    named = FixedQuery(
        lambda rows, ref: (
            Action.objects.annotate(text=F("pack__ref")).exclude(ref=ref).filter(pk__in=rows).order_by("-ref")
        ),
        rows="rows",
        ref="text",
    )
    rows = Action.objects.filter(ref__startswith="demo.", pack__ref="demo").order_by("ref")
    with CaptureQueriesContext(connection) as queries:
        found = named(rows=rows[1:3], ref=other.ref)
    assert len(queries) == 1
    assert [(row.ref, row.text) for row in found] == [(second.ref, "demo")]  # type: ignore[attr-defined]
    assert [row.ref for row in named(rows=rows, ref="")] == [second.ref, other.ref, first.ref]


def test_a_queryset_that_can_pick_nothing_is_not_asked() -> None:
    make_action("deploy")
    picked = FixedQuery(lambda rows: Action.objects.filter(pk__in=rows), rows="rows")
    with CaptureQueriesContext(connection) as queries:
        assert picked(rows=Action.objects.filter(pk__in=[])) == []
        assert picked(rows=Action.objects.none()) == []
    assert len(queries) == 0


def test_many_numbers_are_one_value() -> None:
    rows = [make_action(name) for name in ("deploy", "restart", "other")]
    numbered = FixedQuery(lambda ids: Action.objects.filter(pk__in=ids).order_by("pk"), ids="numbers")
    assert numbered(ids=[rows[2].pk, rows[0].pk]) == [rows[0], rows[2]]
    assert numbered(ids=[]) == []


def test_text_of_strangers_stays_a_value() -> None:
    make_action("deploy")
    by_ref = FixedQuery(lambda ref: Action.objects.filter(ref=ref), ref="text")
    assert by_ref(ref="' OR true --") == []
    assert by_ref(ref="%s") == []
    assert len(by_ref(ref="demo.deploy")) == 1


def test_a_value_that_the_query_does_not_use_is_an_error() -> None:
    unused = FixedQuery(lambda ref: Action.objects.all(), ref="text")
    with pytest.raises(ValueError, match="not all of"):
        unused(ref="demo.deploy")
