"""Home: figures, failures, workers, lines, and above all what does not mend itself."""

import re
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.executions.models import Execution, History
from apps.executions.states import Status
from apps.operations.models import Operation
from apps.workers.models import Worker
from tests.asking import ask
from tests.factories import make_action, make_execution, make_policy, make_worker
from tests.integration.console.conftest import Visit
from tests.people import People
from tests.statements import statements_in

MARKUP = "<img src=x onerror=alert(1)>"
NO_WORKER = "No worker is active"


def home(client: Client) -> str:
    page = client.get("/admin/")
    assert page.status_code == 200
    return page.content.decode()


def figure(text: str, label: str) -> str:
    found = re.search(rf'<span class="a-figure[^>]*>([^<]*)</span><span class="a-figure-label">{label}', text)
    assert found is not None, label
    return found[1]


def failed(people: People, **fields: Any) -> Execution:
    now = timezone.now()
    error = {"type": "exit_code", "message": "no such host"}
    values: dict[str, Any] = {
        "requested_by_id": people.owner.pk,
        "status": Status.FAILED,
        "error": error,
        "started_at": now,
        "ended_at": now,
    }
    return make_execution(**{**values, **fields})


def test_a_system_without_a_run_says_how_to_begin(people: People, visit: Visit) -> None:
    text = home(visit(people.administrator))
    assert "script/attune run examples.hello name=World --wait" in text
    assert "script/attune execution list" in text


def test_figures_count_what_is_now_and_the_last_day(people: People, visit: Visit) -> None:
    make_execution(status=Status.RUNNING)
    make_execution()
    failed(people)
    failed(people, status=Status.SUCCEEDED, error=None)
    failed(people, ended_at=timezone.now() - timedelta(hours=25))
    text = home(visit(people.administrator))
    assert figure(text, "running now") == "1"
    assert figure(text, "waiting: 1 for a worker") == "1"
    assert figure(text, "failed in 24 h") == "1"
    assert figure(text, "failure rate in 24 h") == "50.0 %"
    assert figure(text, "ended in 24 h") == "2"


def test_a_failure_is_told_with_its_error_and_leads_to_it(people: People, visit: Visit) -> None:
    execution = failed(people)
    text = home(visit(people.owner))
    assert "no such host" in text
    assert f'href="/admin/executions/{execution.pk}/"' in text


def test_everybody_sees_their_own_and_administrators_all(people: People, visit: Visit) -> None:
    execution = failed(people)
    Operation.objects.create(
        kind="pack.install", subject="acme", status="failed", ended_at=timezone.now(), requested_by=people.owner,
        error={"code": "x", "detail": "no such folder"},
    )  # fmt: skip
    for identity in (people.owner, people.administrator):
        text = home(visit(identity))
        assert f"/admin/executions/{execution.pk}/" in text
        assert "no such folder" in text
    text = home(visit(people.teammate))
    assert f"/admin/executions/{execution.pk}/" not in text
    assert "no such folder" not in text


def test_a_stranger_is_asked_to_log_in(people: People) -> None:
    assert Client().get("/admin/")["Location"].startswith("/admin/login/")


def test_a_system_without_an_active_worker_is_the_first_thing_told(people: People, visit: Visit) -> None:
    assert NO_WORKER in home(visit(people.owner))
    make_worker(status=Worker.Status.CORDONED)
    assert NO_WORKER in home(visit(people.owner))
    make_worker("w2")
    assert NO_WORKER not in home(visit(people.owner))


def test_a_lost_worker_is_told_until_it_comes_back(people: People, visit: Visit) -> None:
    make_worker(status=Worker.Status.LOST)
    assert "The worker w1 was lost" in home(visit(people.owner))
    make_worker()
    assert "The worker w1 was lost" not in home(visit(people.owner))


def test_changes_that_nobody_announces_are_told_to_administrators(people: People, visit: Visit) -> None:
    make_execution()
    assert "not been announced" not in home(visit(people.administrator))
    History.objects.update(at=timezone.now() - timedelta(minutes=1), announced_at=None)
    assert "Changes that have not been announced: 1." in home(visit(people.administrator))
    assert "not been announced" not in home(visit(people.owner))


def test_a_worker_shows_its_slots_and_heartbeat(people: People, visit: Visit) -> None:
    worker = make_worker(slots=4)
    make_execution(status=Status.RUNNING, worker=worker)
    text = home(visit(people.administrator))
    assert "1 of 4 slots in use" in text
    assert worker.last_heartbeat.isoformat() in text


def test_a_line_shows_who_waits_and_a_paused_gate_is_an_alarm(people: People, visit: Visit) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=3)
    text = home(visit(people.teammate))
    assert "2 waiting" in text
    assert "1 of 1 run" in text
    make_policy("freeze", limit=0)
    ask(people, make_action("other"))
    assert "1 wait at freeze, which is paused" in home(visit(people.teammate))


def test_what_others_wrote_is_text_and_never_markup(people: People, visit: Visit) -> None:
    failed(people, action_ref=f"demo.{MARKUP}", error={"type": "x", "message": MARKUP})
    make_worker(MARKUP, status=Worker.Status.LOST)
    Operation.objects.create(
        kind="pack.install", subject=MARKUP, status="failed", ended_at=timezone.now(), error={"detail": MARKUP}
    )
    text = home(visit(people.administrator))
    assert MARKUP not in text
    assert text.count("&lt;img") >= 6


def test_htmx_gets_the_same_without_the_frame(people: People, visit: Visit) -> None:
    failed(people)
    client = visit(people.owner)
    part = client.get("/admin/", headers={"HX-Request": "true"}).content.decode().strip()
    assert part in home(client)
    assert part.startswith('<div id="home"')


def test_queries_do_not_grow_with_what_there_is(people: People, visit: Visit) -> None:
    counts, client = [], visit(people.administrator)
    for number in range(1, 4):
        for _ in range(number):
            failed(people)
            make_worker(f"w{Worker.objects.count()}")
            ask(people, make_action(f"one{Execution.objects.count()}", concurrency={"limit": 1}), count=2)
        with CaptureQueriesContext(connection) as captured:
            home(client)
        counts.append(statements_in(captured))
    assert counts[1] == counts[2]
    assert counts[2] <= 2 + 11, captured.captured_queries


def test_a_worker_without_room_is_told_with_its_reason(people: People, visit: Visit) -> None:
    make_worker("full", refusal="unhealthy: disk: 12 MiB are free")
    assert "The worker full takes nothing: unhealthy: disk: 12 MiB are free" in home(visit(people.owner))
