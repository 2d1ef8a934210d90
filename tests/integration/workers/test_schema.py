import pytest

from apps.executions.transitions import claim
from apps.workers.models import SchemaVersion, Worker
from apps.workers.schema import OLDEST, SCHEMA, note_schema, refusal
from tests.asking import ask
from tests.factories import make_worker
from tests.people import People

pytestmark = pytest.mark.usefixtures("people")


def test_these_tables_suit_this_code() -> None:
    row = SchemaVersion.objects.get()
    assert (row.number, row.oldest) == (SCHEMA, OLDEST)
    assert refusal(row.number, row.oldest) == ""


def test_tables_that_are_newer_and_still_understood_suit() -> None:
    assert refusal(SCHEMA + 3, SCHEMA) == ""


def test_tables_that_are_too_new_are_refused_with_what_to_do() -> None:
    assert "upgrade the worker" in refusal(SCHEMA + 3, SCHEMA + 1)


def test_tables_that_are_too_old_are_refused_with_what_to_do() -> None:
    assert "manage.py migrate" in refusal(SCHEMA - 1, 0)


def test_an_older_release_does_not_call_newer_tables_its_own() -> None:
    SchemaVersion.objects.update(number=SCHEMA + 1, oldest=SCHEMA)
    note_schema()
    assert SchemaVersion.objects.get().number == SCHEMA + 1


def test_a_newer_release_says_what_the_tables_are_now() -> None:
    SchemaVersion.objects.update(number=SCHEMA - 1, oldest=0)
    note_schema()
    assert SchemaVersion.objects.get().number == SCHEMA


def test_a_claim_in_the_moment_after_a_migration_is_refused_too(people: People) -> None:
    (execution,) = ask(people)
    worker = make_worker()
    SchemaVersion.objects.update(number=SCHEMA + 1, oldest=SCHEMA + 1)
    assert claim(execution.pk, attempt=1, worker_id=worker.pk) is None
    SchemaVersion.objects.update(oldest=SCHEMA)
    assert claim(execution.pk, attempt=1, worker_id=worker.pk) is not None


def test_no_hint_is_sent_for_a_worker_that_takes_nothing() -> None:
    make_worker(refusal="it knows other tables")
    assert not Worker.objects.serving("run.default.shell").exists()
