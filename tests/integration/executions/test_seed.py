"""Seeded executions: past ones, whole with their history, and nowhere anybody works."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.executions.models import Execution, History
from apps.executions.seed import PERIOD, seed_executions
from apps.executions.states import TERMINAL
from tests.factories import make_execution


def test_all_have_ended_in_the_past_with_their_history_told(fresh: None) -> None:
    assert list(seed_executions(500)) == [500]
    now = timezone.now()
    rows = list(Execution.objects.order_by("pk"))
    assert len(rows) == 500
    assert {row.status for row in rows} <= TERMINAL
    assert all(row.ended_at is not None and row.created_at <= row.ended_at <= now for row in rows)
    assert [row.created_at for row in rows] == sorted(row.created_at for row in rows)
    assert now - rows[0].created_at > PERIOD * 0.99
    assert not History.objects.filter(announced_at=None).exists()
    assert History.objects.values("execution").distinct().count() == 500


def test_ids_still_follow_time_where_executions_were_before(fresh: None) -> None:
    before = make_execution()
    list(seed_executions(20))
    assert all(row.created_at >= before.created_at for row in Execution.objects.filter(pk__gt=before.pk))


def test_it_refuses_where_others_work(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "attune.settings.production")
    with pytest.raises(CommandError, match="was not started by script/up"):
        call_command("seed_executions", "--count", "1")
    assert not Execution.objects.exists()


def test_it_refuses_where_executions_are_unless_told_to(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make_execution()
    with pytest.raises(CommandError, match="There are executions here"):
        call_command("seed_executions", "--count", "1")
    call_command("seed_executions", "--count", "3", "--yes")
    assert Execution.objects.count() == 4
    with pytest.raises(CommandError, match="at least 1"):
        call_command("seed_executions", "--count", "0")
