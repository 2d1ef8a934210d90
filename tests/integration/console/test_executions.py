"""The list of executions: who sees what, how it is narrowed, and what is done to many."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.console.paging import PAGE_ROWS
from apps.executions.models import Execution
from apps.executions.services.bulk import MAX_BULK
from apps.executions.states import Status
from tests.asking import ask
from tests.factories import make_action, make_execution, make_gate, make_policy, make_worker
from tests.integration.console.conftest import Visit
from tests.people import People
from tests.statements import statements_in

URL = "/admin/executions/"
MARKUP = "<img src=x onerror=alert(1)>"
ERROR = {"type": "exit_code", "message": "exit code 7: no such host"}


def ids_on(page: Any) -> list[int]:
    """In the order of the rows."""
    return [int(found) for found in re.findall(r'id="choose-([0-9]+)"', page.content.decode())]


def shown(client: Client, query: str = "", **data: Any) -> list[int]:
    page = client.get(URL + query, data)
    assert page.status_code == 200, re.findall(r"a-field-error[^>]*>([^<]*)", page.content.decode())
    return ids_on(page)


def owned(people: People, **fields: Any) -> Execution:
    return make_execution(requested_by_id=people.owner.pk, **fields)


def told(page: Any) -> str:
    """The messages above the page, after the redirect."""
    return " ".join(re.findall(r'<p class="a-message[^>]*>([^<]*)</p>', page.content.decode()))


def test_everybody_sees_their_own_and_administrators_all(people: People, visit: Visit) -> None:
    first, second = owned(people), make_execution(requested_by_id=people.teammate.pk)
    assert shown(visit(people.owner)) == [first.pk]
    assert shown(visit(people.teammate)) == [second.pk]
    assert shown(visit(people.administrator)) == [second.pk, first.pk]


def test_a_stranger_is_asked_to_log_in(people: People) -> None:
    for path in ("", "points/", "bulk/", "export/csv/", "suggestions/"):
        assert Client().get(URL + path)["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("path", ["points/", "export/json/"])
def test_no_other_way_shows_what_is_somebody_elses(people: People, visit: Visit, path: str) -> None:
    hidden = make_execution(requested_by_id=people.teammate.pk, status=Status.SUCCEEDED, started_at=timezone.now())
    assert str(hidden.pk).encode() in visit(people.teammate).get(URL + path).content
    assert str(hidden.pk).encode() not in visit(people.owner).get(URL + path).content.replace(b'"attempt": 1', b"")


class TestFilters:
    """Two executions that differ in everything; each filter finds the first and not the second."""

    @pytest.fixture
    def pair(self, people: People) -> tuple[Execution, Execution]:
        other = make_execution(make_action("restore", pack="backup"), requested_by_id=people.teammate.pk)
        Execution.objects.filter(pk=other.pk).update(created_at=timezone.now() - timedelta(days=3))
        first = owned(
            people, action=make_action(), status=Status.FAILED, labels={"env": "production", "a:b": "c,d"},
            worker=make_worker(), gate=make_gate(), error=ERROR, parent_id=other.pk, rerun_of_id=other.pk,
        )  # fmt: skip
        return first, other

    @pytest.mark.parametrize(
        "query",
        [
            "status=failed", "status=failed&status=timeout", "status=failed,timeout", "action=demo.deploy", "pack=demo",
            "label=env:production", "requested_by=owner", "worker=w1", "since=24h", "q=DEPLOY", "q=demo.d",
            "since=1d&until=2200-01-01", "status=failed&action=demo.deploy&label=env:production&since=1h",
        ],
    )  # fmt: skip
    def test_a_filter_finds_what_it_is_about(
        self, people: People, visit: Visit, pair: tuple[Execution, Execution], query: str
    ) -> None:
        assert shown(visit(people.administrator), f"?{query}".replace("2200", "2199")) == [pair[0].pk]

    @pytest.mark.parametrize("name", ["gate", "parent", "rerun_of", "q"])
    def test_a_filter_by_id_finds_what_it_is_about(
        self, people: People, visit: Visit, pair: tuple[Execution, Execution], name: str
    ) -> None:
        value = {"gate": pair[0].gate_id, "q": pair[0].pk}.get(name, pair[1].pk)
        assert shown(visit(people.administrator), f"?{name}={value}") == [pair[0].pk]

    @pytest.mark.parametrize(
        "query", ["status=succeeded", "label=env:test", "label=env:production&label=env:test", "q=%25"]
    )
    def test_what_fits_nothing_says_so(
        self, people: People, visit: Visit, pair: tuple[Execution, Execution], query: str
    ) -> None:
        page = visit(people.administrator).get(f"{URL}?{query}")
        assert page.status_code == 200
        assert "No execution fits all of these filters" in page.content.decode()

    def test_until_leaves_out_what_came_later(
        self, people: People, visit: Visit, pair: tuple[Execution, Execution]
    ) -> None:
        assert shown(visit(people.administrator), "?until=48h") == [pair[1].pk]

    def test_a_filter_never_widens_what_one_may_see(
        self, people: People, visit: Visit, pair: tuple[Execution, Execution]
    ) -> None:
        assert shown(visit(people.owner), "?requested_by=teammate") == []
        assert shown(visit(people.owner), f"?q={pair[1].pk}") == []

    def test_each_filter_is_a_chip_that_takes_it_away(
        self, people: People, visit: Visit, pair: tuple[Execution, Execution]
    ) -> None:
        text = visit(people.administrator).get(f"{URL}?status=failed&label=env:production").content.decode()
        assert 'href="?label=env%3Aproduction"' in text
        assert 'href="?status=failed"' in text

    def test_a_label_narrows_the_list_as_it_stands(
        self, people: People, visit: Visit, pair: tuple[Execution, Execution]
    ) -> None:
        text = visit(people.administrator).get(f"{URL}?status=failed").content.decode()
        assert 'href="?status=failed&amp;label=a%3Ab%3Ac%2Cd"' in text


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("status=bogus", "is no status; there are requested"),
        ("gate=x", "A whole number is expected"),
        ("gate=99999999999999999999", "A whole number is expected"),
        ("parent=-1", "A whole number is expected"),
        ("rerun_of=1.5", "A whole number is expected"),
        ("label=a", "name:value is expected"),
        ("since=yesterday", "Expected is how long ago"),
        ("since=2026-13-45 99:99", "Expected is how long ago"),
        ("until=0001-01-01", "Expected is how long ago"),
        ("until=9999-12-31T23:59:59-23:00", "Expected is how long ago"),
        ("worker=nobody", "There is and was no worker nobody"),
        ("action=a%00b", "nothing that can be looked for"),
        ("q=" + "x" * 2000, "nothing that can be looked for"),
        ("pack=a&pack=b", "Only one may be given"),
        ("colour=red", "is no filter of executions"),
    ],
)
def test_a_wrong_filter_is_told_and_nothing_is_lost(people: People, visit: Visit, query: str, error: str) -> None:
    make_execution()
    page = visit(people.administrator).get(f"{URL}?{query}&requested_by=owner")
    text = page.content.decode()
    assert page.status_code == 400
    assert error in text
    assert 'value="owner"' in text
    assert "changed-execution" not in text, "it would be asked for, and refused, with every change"
    assert ids_on(page) == []


@pytest.mark.parametrize("path", ["points/", "export/csv/", "bulk/?deed=cancel&all=1&filters=since%3Dx"])
def test_a_wrong_filter_is_told_everywhere(people: People, visit: Visit, path: str) -> None:
    page = visit(people.administrator).get(URL + path + ("" if "?" in path else "?since=x"))
    assert page.status_code == 400
    assert "Expected is how long ago" in page.content.decode()


def test_a_row_tells_the_error_the_attempt_and_who_asked(people: People, visit: Visit) -> None:
    owned(people, status=Status.FAILED, error=ERROR, attempt=2, retries=1, max_attempts=3, worker=make_worker("w7"))
    text = visit(people.owner).get(URL).content.decode()
    for part in ("exit code 7: no such host", "attempt 2 of 3", ">owner<", ">w7<", "?worker=w7", "?requested_by=owner"):
        assert part in text


def test_a_row_tells_why_it_waits_and_its_place(people: People, visit: Visit) -> None:
    action = make_action(concurrency={"limit": 1})
    ask(people, action, count=3)
    text = visit(people.owner).get(URL).content.decode()
    assert "position 1 at" in text
    assert "position 2 at" in text
    assert "no worker serves run.default.shell" in text


def test_what_others_wrote_is_text_and_never_markup(people: People, visit: Visit) -> None:
    owned(
        people, status=Status.FAILED, action_ref=f"demo.{MARKUP}", labels={MARKUP: MARKUP},
        error={"type": "x", "message": MARKUP}, worker=make_worker(MARKUP),
    )  # fmt: skip
    owned(people, status=Status.CANCELED, reason={"code": "canceled", "text": MARKUP})
    client = visit(people.owner)
    bulk = f"bulk/?deed=rerun&all=1&filters=worker%3D{MARKUP}"
    for path in ("", f"?label={MARKUP}:{MARKUP}", f"?q={MARKUP}", f"?worker={MARKUP}", f"?{MARKUP}=1", bulk):
        text = client.get(URL + path).content.decode()
        assert MARKUP not in text, path
        assert "&lt;img" in text, path


def test_a_spreadsheet_takes_nothing_for_a_formula(people: People, visit: Visit) -> None:
    owned(people, status=Status.FAILED, labels={"env": "test"}, error={"type": "x", "message": "=HYPERLINK(1)"})
    answer = visit(people.owner).get(URL + "export/csv/")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert "attachment" in answer["Content-Disposition"]
    assert rows[0]["error"] == "'=HYPERLINK(1)"
    assert rows[0]["labels"] == "env:test"


def test_a_spreadsheet_takes_no_label_for_a_formula(people: People, visit: Visit) -> None:
    owned(people, labels={"=HYPERLINK(1)": "x"})
    answer = visit(people.owner).get(URL + "export/csv/")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert rows[0]["labels"] == "'=HYPERLINK(1):x"


def test_an_export_is_narrowed_as_the_list_is(people: People, visit: Visit) -> None:
    owned(people)
    failed = owned(people, status=Status.FAILED, error=ERROR)
    rows = visit(people.owner).get(URL + "export/json/?status=failed").json()
    assert [(row["id"], row["error"], row["requested_by"]) for row in rows] == [(failed.pk, ERROR["message"], "owner")]
    assert visit(people.owner).get(URL + "export/xml/").status_code == 404


def test_points_are_those_that_started_oldest_first(people: People, visit: Visit) -> None:
    now = timezone.now()
    ended = owned(people, status=Status.SUCCEEDED, started_at=now - timedelta(seconds=3), ended_at=now)
    owned(people)
    runs = owned(people, status=Status.RUNNING, started_at=now - timedelta(seconds=60))
    body = visit(people.owner).get(URL + "points/").json()
    assert body["ids"] == [ended.pk, runs.pk]
    assert body["statuses"] == ["succeeded", "running"]
    assert body["durations"][0] == 3
    assert body["durations"][1] >= 60
    assert body["is_cut"] is False


def test_pages_go_back_by_the_last_row_and_keep_the_filters(people: People, visit: Visit) -> None:
    rows = [owned(people, status=Status.FAILED) for _ in range(PAGE_ROWS + 2)]
    client = visit(people.owner)
    first = client.get(f"{URL}?status=failed")
    following = re.search(r'rel="next" href="([^"]*)"', first.content.decode())
    assert following is not None
    second = ids_on(client.get(URL + following[1].replace("&amp;", "&")))
    assert ids_on(first) + second == [row.pk for row in reversed(rows)]
    assert "status=failed" in following[1]


def test_htmx_gets_the_same_rows_without_the_rest(people: People, visit: Visit) -> None:
    owned(people, status=Status.FAILED, error=ERROR)
    client = visit(people.owner)
    page = client.get(f"{URL}?status=failed").content.decode()
    part = client.get(f"{URL}?status=failed", headers={"HX-Request": "true"}).content.decode()
    assert part.strip() in page
    assert part.strip().startswith('<div id="rows"')


def test_queries_do_not_grow_with_the_rows(people: People, visit: Visit) -> None:
    action = make_action(concurrency={"limit": 1})
    ask(people, action, count=2)
    owned(people, status=Status.FAILED, error=ERROR, worker=make_worker())
    client = visit(people.administrator)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            shown(client)
        counts.append(statements_in(captured))
        ask(people, action, count=5)
        for _ in range(5):
            owned(people, status=Status.FAILED, error=ERROR, worker=make_worker(f"w{Execution.objects.count()}"))
    assert counts[0] == counts[1]
    assert counts[0] <= 2 + 5, captured.captured_queries


def test_the_index_of_labels_serves_the_filter(people: People) -> None:
    make_execution(labels={"env": "test"})
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        try:
            plan = Execution.objects.labeled([("env", "test")]).order_by().explain()
        finally:
            cursor.execute("RESET enable_seqscan")
    assert "execution_labels" in plan


class TestBulk:
    def test_it_shows_first_what_it_would_do(self, people: People, visit: Visit) -> None:
        waits, ended = owned(people), owned(people, status=Status.SUCCEEDED)
        page = visit(people.owner).get(f"{URL}bulk/?deed=cancel&id={waits.pk}&id={ended.pk}").content.decode()
        assert f'name="id" value="{waits.pk}"' in page
        assert f'name="id" value="{ended.pk}"' not in page
        assert "1 of the chosen ones are left out" in page
        assert Execution.objects.get(pk=waits.pk).status == Status.SCHEDULED

    def test_canceling_goes_back_to_the_list_and_says_what_was_done(self, people: People, visit: Visit) -> None:
        rows, ended = [owned(people), owned(people)], owned(people, status=Status.SUCCEEDED)
        form = {"deed": "cancel", "id": [row.pk for row in [*rows, ended]], "filters": "pack=demo"}
        page = visit(people.owner).post(f"{URL}bulk/", form, follow=True)
        assert page.redirect_chain == [(f"{URL}?pack=demo", 302)]
        assert "Canceled 2 executions." in told(page)
        assert f"1 could not be done: Execution {ended.pk} has ended" in told(page)
        assert {row.status for row in Execution.objects.filter(pk__in=[row.pk for row in rows])} == {Status.CANCELED}

    def test_running_again_asks_for_each_anew(self, people: People, visit: Visit) -> None:
        make_action()
        rows = [owned(people, status=Status.FAILED), owned(people, status=Status.SUCCEEDED)]
        form = {"deed": "rerun", "id": [row.pk for row in rows]}
        page = visit(people.owner).post(f"{URL}bulk/", form, follow=True)
        assert "Asked anew for 2 executions." in told(page)
        again = Execution.objects.filter(rerun_of__isnull=False).order_by("pk")
        assert [row.rerun_of_id for row in again] == [row.pk for row in rows]

    def test_nobody_does_it_to_what_is_somebody_elses(self, people: People, visit: Visit) -> None:
        foreign = make_execution(requested_by_id=people.teammate.pk)
        client = visit(people.owner)
        assert "There is nothing to cancel" in client.get(f"{URL}bulk/?deed=cancel&id={foreign.pk}").content.decode()
        page = client.post(f"{URL}bulk/", {"deed": "cancel", "id": foreign.pk}, follow=True)
        assert f"There is no execution {foreign.pk}." in told(page)
        assert Execution.objects.get(pk=foreign.pk).status == Status.SCHEDULED

    def test_all_that_fit_the_filters_are_meant(self, people: People, visit: Visit) -> None:
        fits = owned(people, action=make_action("restore", pack="backup"))
        owned(people)
        page = visit(people.owner).get(f"{URL}bulk/?deed=cancel&all=1&filters=pack%3Dbackup").content.decode()
        assert re.findall(r'name="id" value="([0-9]+)"', page) == [str(fits.pk)]

    def test_more_than_it_takes_are_cut_and_it_says_so(self, people: People, visit: Visit) -> None:
        row = owned(people)
        fields = {item.attname: getattr(row, item.attname) for item in Execution._meta.fields if item.attname != "id"}
        Execution.objects.bulk_create(Execution(**fields) for _ in range(MAX_BULK))
        page = visit(people.owner).get(f"{URL}bulk/?deed=cancel&all=1").content.decode()
        assert len(re.findall(r'name="id" value=', page)) == MAX_BULK
        assert f"More than {MAX_BULK} fit; these are the newest {MAX_BULK}" in page

    @pytest.mark.parametrize(
        "form",
        [
            {}, {"deed": "destroy", "id": "1"}, {"deed": "cancel", "id": "x"}, {"deed": "cancel", "id": "9" * 30},
            {"deed": "rerun", "id": [str(number) for number in range(MAX_BULK + 1)]},
        ],
    )  # fmt: skip
    def test_what_it_cannot_take_is_refused(self, people: People, visit: Visit, form: dict[str, Any]) -> None:
        assert visit(people.owner).get(f"{URL}bulk/", form).status_code == 400
        page = visit(people.owner).post(f"{URL}bulk/", form, follow=True)
        assert page.redirect_chain == [(URL, 302)]
        assert told(page)

    def test_the_way_back_leads_nowhere_else(self, people: People, visit: Visit) -> None:
        form = {"deed": "cancel", "id": owned(people).pk, "filters": "//evil.example.org/?a=b\r\nX: y"}
        answer = visit(people.owner).post(f"{URL}bulk/", form)
        assert answer["Location"].startswith(f"{URL}?")


def test_suggestions_are_the_actions_there_are(people: People, visit: Visit) -> None:
    make_action()
    assert '<option value="demo.deploy">' in visit(people.owner).get(f"{URL}suggestions/").content.decode()


def test_a_gate_that_is_paused_is_told_in_the_row(people: People, visit: Visit) -> None:
    make_policy("freeze", limit=0)
    ask(people, make_action())
    assert "freeze is paused (its limit is 0)" in visit(people.owner).get(URL).content.decode()
