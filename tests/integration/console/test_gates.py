from typing import Any

import pytest
from django.test import Client

from apps.core.redis import breaker, client
from apps.executions.models import Gate, Policy
from tests.asking import ask
from tests.conftest import forget_redis
from tests.factories import make_action, make_gate, make_policy, make_worker
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end, status_of

LIST = "/admin/gates/"


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def keyed() -> dict[str, Any]:
    return {"concurrency": {"limit": 1, "key": "{{ host }}"}, "parameters": {"host": {"type": "string"}}}


def test_gates_with_a_line_come_first_the_longest_before(administrator: Client, people: People) -> None:
    action = make_action(**keyed())
    for host, count in (("idle", 1), ("short", 2), ("long", 4)):
        ask(people, action, count=count, parameters={"host": host})
    lines, _, everything = look(administrator, LIST).partition("All gates")
    assert lines.index(">long<") < lines.index(">short<")
    assert ">idle<" not in lines
    assert ">idle<" in everything
    found = look(administrator, f"{LIST}?q=shor")
    assert ">short<" in found
    assert ">long<" not in found
    assert "No gate fits" in look(administrator, f"{LIST}?q=%25%5F")
    assert ">long<" not in look(administrator, f"{LIST}?policy=999")
    assert ">long<" in look(administrator, f"{LIST}?policy=abc")


def test_who_waits_at_a_later_gate_is_in_its_line(administrator: Client, people: People) -> None:
    make_policy("everything", limit=1)
    ask(people, make_action(concurrency={"limit": 3}), count=3)
    lines, _, _ = look(administrator, LIST).partition("All gates")
    assert "everything" in lines
    assert "demo.deploy" not in lines


def test_a_gate_of_a_rate_tells_who_passed_and_when_the_next_may(administrator: Client, people: People) -> None:
    make_policy("gentle", kind="rate", limit=2, window_s=60)
    _, _, waiting = ask(people, count=3)
    gate = Gate.objects.get()
    page = look(administrator, f"{LIST}{gate.pk}/")
    assert "passed in 1 min" in page
    assert "until the next may pass" in page
    assert "Holders" not in page
    assert "2 of 2 in 1 min" in look(administrator, LIST)
    assert "where 2 may pass in 60 s" in look(administrator, f"/admin/executions/{waiting.pk}/")
    assert statements_of(administrator, LIST) <= MOST_STATEMENTS
    assert statements_of(administrator, f"{LIST}{gate.pk}/") <= MOST_STATEMENTS


def test_pages_of_gates_ask_the_same_however_many_there_are(administrator: Client, people: People) -> None:
    action = make_action(**keyed())
    ask(people, action, count=2, parameters={"host": "a"})
    page = f"{LIST}{Gate.objects.get().pk}/"
    before, before_page = statements_of(administrator, LIST), statements_of(administrator, page)
    for host in "bcdef":
        ask(people, action, count=3, parameters={"host": host})
    ask(people, action, count=5, parameters={"host": "a"})
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS
    assert statements_of(administrator, page) == before_page <= MOST_STATEMENTS


def test_a_page_shows_holders_and_positions_with_an_estimate(administrator: Client, people: People) -> None:
    executions = ask(people, make_action(concurrency={"limit": 1}), count=4)
    end(claimed(executions[0], make_worker()))
    text = look(administrator, f"{LIST}{Gate.objects.get().pk}/")
    holders, _, line = text.partition('id="line"')
    assert f"/admin/executions/{executions[1].pk}/" in holders
    assert line.index(f"#{executions[2].pk}<") < line.index(f"#{executions[3].pk}<")
    assert "ms</td>" in line or "s</td>" in line


def test_who_stands_there_is_named_only_to_who_may_see_it(people: People, visit: Visit) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=3)
    address = f"{LIST}{Gate.objects.get().pk}/"
    text = look(visit(people.teammate), address)
    assert text.count("somebody else&#x27;s execution") + text.count("somebody else's execution") == 3
    assert "/admin/executions/1" not in text
    assert 'name="limit"' not in text
    assert 'name="limit"' in look(visit(people.administrator), address)


def test_a_long_line_is_paged_by_position(administrator: Client, people: People) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=103)
    address = f"{LIST}{Gate.objects.get().pk}/"
    assert "?place=101" in look(administrator, address)
    second = look(administrator, f"{address}?place=101")
    assert second.count('class="a-strong">10') == 2
    assert "?place=1" in second
    for odd in ("-5", "x", "0", "9" * 30):
        look(administrator, f"{address}?place={odd}")


def test_a_limit_moves_at_once_pauses_and_goes_back(administrator: Client, people: People) -> None:
    executions = ask(people, make_action(concurrency={"limit": 1}), count=4)
    address = f"{LIST}{Gate.objects.get().pk}/"
    assert administrator.post(address, {"limit": "3"}).status_code == 302
    assert [status_of(row) for row in executions] == ["scheduled"] * 3 + ["delayed"]
    page = administrator.post(address, {"limit": "0"}, follow=True).content.decode()
    assert "is paused" in page
    assert "paused</span>" in page
    page = administrator.post(address, {"reset": "1"}, follow=True).content.decode()
    assert "the limit of its file again: 1" in page
    assert Policy.objects.get().limit_override is None


@pytest.mark.parametrize("limit", ["", "-1", "many", "1.5", "10000000", "٣x", "\0"])
def test_what_no_limit_can_be_is_refused_with_a_message(administrator: Client, limit: str) -> None:
    gate = make_gate()
    address = f"{LIST}{gate.pk}/"
    answer = administrator.post(
        address, {"limit": limit}, follow=True, headers={"referer": f"http://testserver{address}"}
    )
    assert "The limit was not moved" in answer.content.decode()
    assert Policy.objects.get().limit == 2


def test_a_limit_is_moved_only_by_who_may(people: People, visit: Visit) -> None:
    gate = make_gate()
    visit(people.owner).post(f"{LIST}{gate.pk}/", {"limit": "9"})
    assert Client().post(f"{LIST}{gate.pk}/", {"limit": "9"}).headers["Location"].startswith("/admin/login/")
    assert Policy.objects.get().limit == 2


def test_with_redis_away_pages_come_from_the_database_and_say_so(administrator: Client, people: People) -> None:
    executions = ask(people, make_action(concurrency={"limit": 1}), count=3)
    address = f"{LIST}{Gate.objects.get().pk}/"
    keep_redis_away()
    listed, page = look(administrator, LIST), look(administrator, address)
    for text in (listed, page):
        assert "Redis cannot be reached" in text
    assert f"#{executions[2].pk}<" in page
    assert "With a line" in listed
    told = administrator.post(address, {"limit": "2"}, follow=True).content.decode()
    assert "the lines hear of it as soon as it is back" in told
    breaker.reset()
    forget_redis()


def test_lines_of_another_epoch_are_said_to_be_built_anew(administrator: Client, people: People) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=3)
    client().flushdb()
    assert "being built anew" in look(administrator, f"{LIST}{Gate.objects.get().pk}/")
    look(administrator, LIST)


def test_no_gates_and_unknown_ones_say_so(administrator: Client) -> None:
    assert "There is no gate" in look(administrator, LIST)
    look(administrator, f"{LIST}5/", status=404)
    look(administrator, f"{LIST}{'9' * 30}/", status=404)


def test_keys_are_for_administrators_also_where_they_are_looked_for(people: People, visit: Visit) -> None:
    action = make_action(**keyed())
    ask(people, action, count=2, parameters={"host": "payroll-db"})
    gate = Gate.objects.get()
    known, plain = visit(people.administrator), visit(people.owner)
    for address in (LIST, f"{LIST}{gate.pk}/", "/admin/", "/admin/actions/demo.deploy/"):
        assert "payroll-db" in look(known, address), address
    for address in (LIST, f"{LIST}{gate.pk}/"):
        assert "payroll-db" not in look(plain, address), address
    for query in ("payroll", "roll-d"):
        assert "No gate fits" in look(plain, f"{LIST}?q={query}"), "what cannot be seen cannot be guessed either"
    assert "demo.deploy" in look(plain, f"{LIST}?q=demo")
