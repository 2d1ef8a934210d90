from pathlib import Path

import pytest
from django.test import Client

from apps.operations.models import Operation
from apps.packs.services.install import install_pack
from apps.workers.models import Worker
from tests.factories import make_runtimes, make_worker, write_pack
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People

LIST = "/admin/operations/"
EVIL = "<script>alert(1)</script>"
AT = "2026-01-31T12:00:0{}+00:00"


def make_operation(people: People, **fields: object) -> Operation:
    values = {
        "kind": "pack.install",
        "subject": "/srv/acme",
        "input": {"source": "/srv/acme", "force": True, "dry_run": False},
        "requested_by": people.administrator,
    }
    return Operation.objects.create(**{**values, **fields})


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def test_a_list_is_narrowed_by_status_and_kind(administrator: Client, people: People) -> None:
    make_operation(people, subject="/srv/first")
    make_operation(people, subject="/srv/second", status="failed", error={"code": "x", "detail": EVIL})
    text = look(administrator, f"{LIST}?status=failed&kind=pack.install")
    assert "/srv/second" in text
    assert "/srv/first" not in text
    assert EVIL not in text
    assert "/srv/first" in look(administrator, f"{LIST}?status=no-such&kind=none&cursor=x")


def test_the_list_asks_the_same_however_long_it_is(administrator: Client, people: People) -> None:
    make_operation(people)
    before = statements_of(administrator, LIST)
    for _ in range(5):
        make_operation(people)
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS


def test_a_failed_installation_lists_every_error_with_its_place(administrator: Client, people: People) -> None:
    errors = [
        {"file": "actions/a.yaml", "line": 3, "detail": f"bad {EVIL}", "hint": "write <b>"},
        {"file": "pack.yaml", "line": 0, "detail": "missing"},
        {"pointer": "/source", "code": "x", "detail": "no folder"},
    ]
    error = {"code": "pack_invalid", "detail": "3 errors in the pack.", "errors": errors}
    steps = [{"name": "check", "status": "failed", "started_at": AT.format(1), "ended_at": AT.format(3)}]
    operation = make_operation(people, status="failed", error=error, steps=steps, log=f"check\n{EVIL}\n")
    text = look(administrator, f"{LIST}{operation.pk}/")
    for told in ("actions/a.yaml:3", ">pack.yaml<", "/source", "3 errors in the pack.", "2.0 s", "write &lt;b&gt;"):
        assert told in text, told
    assert EVIL not in text
    assert "/admin/packs/install/?source=%2Fsrv%2Facme&amp;force=on" in text
    assert "data-follow" not in text, "a log that has ended is not followed"


def test_an_installation_that_went_well_leads_to_its_pack(administrator: Client, people: People) -> None:
    outcome = {"ref": "acme", "version": "1.0.0", "digest": "0" * 64, "change": "upgraded", "content": {"actions": 2}}
    done = make_operation(people, status="succeeded", outcome=outcome)
    assert "/admin/packs/acme/" in look(administrator, f"{LIST}{done.pk}/")
    trial = make_operation(people, status="succeeded", outcome=outcome, input={"source": "/x", "dry_run": True})
    text = look(administrator, f"{LIST}{trial.pk}/")
    assert "Nothing was changed." in text
    assert "/admin/packs/acme/" not in text


def test_an_installation_is_asked_for_again_at_its_ref_and_not_of_an_archive_that_is_gone(
    administrator: Client, people: People
) -> None:
    given = {"source": "https://git.example.org/a.git", "kind": "git", "ref": "v1", "force": False, "dry_run": False}
    done = make_operation(people, status="failed", input=given)
    assert "a.git&amp;ref=v1" in look(administrator, f"{LIST}{done.pk}/")
    sent = make_operation(people, status="failed", input={**given, "source": "0" * 32, "kind": "upload", "ref": ""})
    assert "Install again" not in look(administrator, f"{LIST}{sent.pk}/")


def test_a_running_one_is_followed(administrator: Client, people: People) -> None:
    running = make_operation(people, status="running", progress=30)
    text = look(administrator, f"{LIST}{running.pk}/")
    assert f'data-follow="/api/v1/operations/{running.pk}/log?follow=true"' in text
    assert 'aria-valuenow="30"' in text
    assert statements_of(administrator, f"{LIST}{running.pk}/") <= MOST_STATEMENTS


def test_somebody_elses_operation_is_not_there(people: People, visit: Visit) -> None:
    operation = make_operation(people)
    own = make_operation(people, requested_by=people.owner, subject="/srv/own")
    plain = visit(people.owner)
    look(plain, f"{LIST}{operation.pk}/", status=404)
    text = look(plain, LIST)
    assert "/srv/own" in text
    assert "/srv/acme" not in text
    assert "Install again" not in look(plain, f"{LIST}{own.pk}/")


@pytest.mark.parametrize("number", ["0", "999999", "9" * 40])
def test_an_operation_that_is_not_there_is_404(administrator: Client, number: str) -> None:
    look(administrator, f"{LIST}{number}/", status=404)


def test_nothing_is_posted_to_an_operation(administrator: Client, people: People) -> None:
    assert administrator.post(f"{LIST}{make_operation(people).pk}/").status_code == 405
    assert Client().get(LIST).headers["Location"].startswith("/admin/login/")


def test_tests_of_a_pack_show_their_report_well_or_not(administrator: Client, people: People) -> None:
    row = {"name": f"tests/{EVIL}", "passed": 2, "failed": 1, "skipped": 0, "duration_s": 0.1, "error": "exit code 1"}
    report = {"passed": 2, "failed": 1, "skipped": 0, "programs": [row]}
    wish = {"ref": "acme", "digest": "3db36b914e7b" + "0" * 52, "runtimes": {"python": ">=3.9", "shell": ""}}
    error = {"code": "tests_failed", "detail": "1 of 3 tests of acme failed.", "report": report}
    about = {"kind": "pack_test", "subject": "acme", "input": wish}
    failed = look(administrator, f"{LIST}{make_operation(people, status='failed', error=error, **about).pk}/")
    for told in ("exit code 1", "1 of 3 tests of acme failed.", "python &gt;=3.9, shell", "/admin/packs/acme/"):
        assert told in failed, told
    assert EVIL not in failed
    waiting = look(administrator, f"{LIST}{make_operation(people, **about).pk}/")
    assert 'aria-label="Tests"' not in waiting
    assert "It waits for a process to take it." in waiting


def test_the_button_of_a_pack_needs_a_worker_and_tests(administrator: Client, people: People, tmp_path: Path) -> None:
    make_runtimes("shell")
    install_pack(write_pack(tmp_path / "acme"), identity=None)
    assert 'action="/admin/packs/acme/test/"' in look(administrator, "/admin/packs/acme/")
    assert "has no tests" in administrator.post("/admin/packs/acme/test/", follow=True).content.decode()
    files = {"tests/a.sh": "echo\n"}
    install_pack(write_pack(tmp_path / "acme", version="1.1.0", files=files), identity=None)
    assert "No active worker has shell" in administrator.post("/admin/packs/acme/test/", follow=True).content.decode()
    Worker.objects.filter(pk=make_worker("tom").pk).update(queues=["build.default.shell"])
    answer = administrator.post("/admin/packs/acme/test/")
    assert answer.headers["Location"] == f"/admin/operations/{Operation.objects.get(kind='pack_test').pk}/"
