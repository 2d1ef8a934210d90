"""Events and traces in the console: the list, one event with every verdict, replay, the picture."""

import pytest
from django.test import Client

from apps.rules.models import Enforcement
from apps.triggers.models import Event
from tests.conductor import process_open
from tests.factories import make_action, make_event, make_rule, make_trigger_type
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People, make_identity

LIST = "/admin/events/"
NO_TRACE = "1f02e63a-8b28-4395-843e-67d56add25ca"
MARKUP = "<img src=x onerror=alert(1)>"
WEB = {"trigger.host": {"type": "startswith", "pattern": "web"}}


@pytest.fixture(autouse=True)
def pushed(people: People) -> None:
    make_trigger_type(aliases=["demo.st2.pushed"])
    make_action(parameters={"host": {"type": "string"}})


@pytest.fixture
def owner(people: People, visit: Visit) -> Client:
    return visit(people.owner)


def test_the_list_tells_how_many_matched_and_asks_the_same_however_long_it_is(people: People, owner: Client) -> None:
    make_event({"host": MARKUP}, source_ref=MARKUP)
    before = statements_of(owner, LIST)
    make_rule(people.owner, criteria=WEB)
    for host in ("web1", "db1"):
        make_event({"host": host})
    process_open()
    make_event()
    text = look(owner, LIST)
    for told in ("1 matched", "none matched", "open"):
        assert told in text, told
    assert MARKUP not in text
    assert statements_of(owner, LIST) == before <= MOST_STATEMENTS


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("type=demo.pushed", True),
        ("type=demo", False),
        ("source=api", True),
        ("source=timer", False),
        ("source=nonsense", True),
        ("rule=on_push", True),
        ("rule=x%00", False),
        ("type=demo.st2.pushed", True),
        ("since=1h", True),
        ("until=1h", False),
        ("processed=yes", True),
        ("processed=no", False),
        ("caused_by=7", False),
        ("source_ref=nobody", False),
        (f"trace_id={NO_TRACE}", False),
    ],
)
def test_filters_narrow_the_list(people: People, owner: Client, query: str, is_found: bool) -> None:
    make_rule(people.owner)
    event = make_event()
    process_open()
    assert (f"{LIST}{event.pk}/" in look(owner, f"{LIST}?{query}")) is is_found


def test_a_replay_for_a_rule_that_listens_elsewhere_says_why_not(people: People, owner: Client) -> None:
    make_trigger_type("pulled")
    make_rule(people.owner, trigger="demo.pulled")
    event = make_event()
    answer = owner.post(f"{LIST}{event.pk}/", {"rule": "on_push"}, follow=True)
    assert "the rule listens to demo.pulled" in answer.content.decode()
    assert Event.objects.count() == 1


def test_who_may_not_see_a_rule_does_not_learn_what_it_matched(people: People, visit: Visit) -> None:
    make_rule(people.owner)
    event = make_event()
    process_open()
    reader = visit(make_identity("reader", role="reader", grants=("event.view",)))
    assert f"{LIST}{event.pk}/" in look(reader, LIST)
    assert f"{LIST}{event.pk}/" not in look(reader, f"{LIST}?rule=on_push")


@pytest.mark.parametrize("query", ["since=yesterday", "until=9999-99-99", "trace_id=x", "caused_by=x"])
def test_a_filter_that_is_wrong_is_told_and_shows_nothing(people: People, owner: Client, query: str) -> None:
    make_event()
    text = look(owner, f"{LIST}?{query}", status=400)
    assert "a-field-error" in text
    assert "Nothing is shown" in text


def test_an_event_shows_every_verdict_with_both_values_and_what_came_of_it(people: People, owner: Client) -> None:
    make_rule(people.owner, criteria=WEB, parameters={"host": "{{ trigger.host }}"})
    first = make_event({"host": MARKUP})
    process_open()
    before = statements_of(owner, f"{LIST}{first.pk}/")
    for number in range(8):
        make_rule(people.owner, f"other{number}", criteria={"trigger.host": {"type": "equals", "pattern": "db1"}})
    event = make_event({"host": "web1"})
    process_open()
    text = look(owner, f"{LIST}{event.pk}/")
    execution = Enforcement.objects.get(event=event).execution_id
    for told in ("&quot;web1&quot; does not equal &quot;db1&quot;", "wanted", "was", f"/admin/executions/{execution}/"):
        assert told in text, told
    assert MARKUP not in look(owner, f"{LIST}{first.pk}/")
    assert before <= statements_of(owner, f"{LIST}{event.pk}/") <= MOST_STATEMENTS


def test_a_match_that_started_nothing_says_why(people: People, owner: Client) -> None:
    make_rule(people.owner, parameters={"host": "{{ trigger.gone }}"})
    event = make_event({})
    process_open()
    assert "/action/parameters/host" in look(owner, f"{LIST}{event.pk}/")


def test_an_event_nobody_met_or_processed_says_so(people: People, owner: Client) -> None:
    event = make_event()
    assert "not processed yet" in look(owner, f"{LIST}{event.pk}/")
    process_open()
    assert "No rule listened" in look(owner, f"{LIST}{event.pk}/")


def test_verdicts_of_rules_one_may_not_see_are_left_out(people: People, visit: Visit) -> None:
    make_rule(people.owner, "unseen")
    event = make_event()
    process_open()
    some = visit(make_identity("some", role="some", grants=("event.view", "rule.view@pack:demo")))
    text = look(some, f"{LIST}{event.pk}/")
    assert "unseen" not in text
    assert "Replay" not in text


def test_an_event_is_sent_once_more_to_all_or_to_one(people: People, owner: Client) -> None:
    make_rule(people.owner)
    make_rule(people.owner, "other")
    event = make_event({"host": "web1"})
    for rule in ("", "other"):
        answer = owner.post(f"{LIST}{event.pk}/", {"rule": rule})
        again = Event.objects.order_by("-pk")[0]
        assert answer.headers["Location"] == f"{LIST}{again.pk}/"
        assert (again.source, again.source_ref, again.replay_of_id, again.payload) == (
            "replay", rule, event.pk, {"host": "web1"},
        )  # fmt: skip
    told = owner.post(f"{LIST}{event.pk}/", {"rule": "gone\0"}, follow=True).content.decode()
    assert "There is no rule gone." in told
    assert Event.objects.count() == 3


def test_who_may_not_send_events_replays_none(people: People, visit: Visit) -> None:
    event = make_event()
    reader = visit(make_identity("reader", role="reader", grants=("event.view",)))
    reader.post(f"{LIST}{event.pk}/", {})
    nobody = visit(make_identity("nobody", role="none", grants=("execution.view",)))
    for address in (LIST, f"{LIST}{event.pk}/", f"/admin/traces/{event.trace_id}/"):
        look(nobody, address, status=403)
    assert Event.objects.count() == 1


@pytest.mark.parametrize("address", [f"{LIST}0/", f"{LIST}{'9' * 30}/", f"/admin/traces/{NO_TRACE}/"])
def test_what_is_not_there_is_not_found(owner: Client, address: str) -> None:
    look(owner, address, status=404)


class TestTrace:
    def test_the_picture_goes_from_event_over_rule_and_execution_to_the_next_event(
        self, people: People, owner: Client
    ) -> None:
        make_rule(people.owner)
        make_rule(people.owner, "other", criteria=WEB)
        event = make_event({"host": MARKUP})
        process_open()
        before = statements_of(owner, f"/admin/traces/{event.trace_id}/")
        execution = Enforcement.objects.get().execution_id
        assert execution is not None
        second = make_event({"host": "web1"}, trace_id=event.trace_id, caused_by_id=execution, depth=1)
        process_open()
        text = look(owner, f"/admin/traces/{event.trace_id}/")
        assert text.count('class="r-node ') == 2 + 3 + 3
        assert text.count('class="r-way"') == 7
        for link in (
            f"{LIST}{event.pk}/",
            f"{LIST}{second.pk}/",
            f"/admin/executions/{execution}/",
            "/admin/rules/other/",
        ):
            assert text.count(f'href="{link}') >= 2, link
        assert before == statements_of(owner, f"/admin/traces/{event.trace_id}/") <= MOST_STATEMENTS

    def test_an_execution_says_which_rule_and_event_it_ran_for(
        self, people: People, visit: Visit, owner: Client
    ) -> None:
        make_rule(people.owner)
        event = make_event()
        process_open()
        page = f"/admin/executions/{Enforcement.objects.get().execution_id}/"
        text = look(owner, page)
        for link in ("/admin/rules/on_push/", f"{LIST}{event.pk}/", f"/admin/traces/{event.trace_id}/"):
            assert link in text, link
        blind = look(visit(make_identity("blind", role="blind", grants=("execution.view",))), page)
        assert "on_push" not in blind
