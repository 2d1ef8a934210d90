import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from attune.settings import env


@pytest.mark.parametrize(
    ("value", "said"), [("x", "not a number"), ("inf", "not finite"), ("nan", "not finite"), ("-1", "below 0")]
)
def test_a_number_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    monkeypatch.setenv("ATTUNE_DRAIN_S", value)
    with pytest.raises(ImproperlyConfigured, match=f"ATTUNE_DRAIN_S.*{said}"):
        env.number("ATTUNE_DRAIN_S")


@pytest.mark.parametrize(
    ("text", "span"),
    [("never", None), ("0.5", timedelta(hours=12)), ("30", timedelta(days=30)), ("", timedelta(days=7))],
)
def test_a_span_is_in_days_or_never_ends(monkeypatch: pytest.MonkeyPatch, text: str, span: timedelta | None) -> None:
    monkeypatch.setenv("ATTUNE_RETENTION_LOGS_DAYS", text)
    assert env.days("ATTUNE_RETENTION_LOGS_DAYS") == span


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0", "below 0.01; to keep for ever, say never"),
        ("-1", "say never"),
        ("forever", "not a number"),
        ("inf", "finite"),
    ],
)
def test_a_span_that_could_mean_two_things_is_refused(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setenv("ATTUNE_RETENTION_LOGS_DAYS", text)
    with pytest.raises(ImproperlyConfigured, match=f"ATTUNE_RETENTION_LOGS_DAYS.*{said}"):
        env.days("ATTUNE_RETENTION_LOGS_DAYS")


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("swordfish\n")
    monkeypatch.delenv("ATTUNE_SECRET_KEY", raising=False)
    monkeypatch.setenv("ATTUNE_SECRET_KEY_FILE", str(file))
    assert env.text("ATTUNE_SECRET_KEY") == "swordfish"
    monkeypatch.setenv("ATTUNE_SECRET_KEY_FILE", f"{file}.gone")
    with pytest.raises(ImproperlyConfigured, match="cannot read"):
        env.text("ATTUNE_SECRET_KEY")


def test_a_worker_must_beat_often_enough_not_to_be_called_lost() -> None:
    given = {**os.environ, "ATTUNE_HEARTBEAT_S": "15", "ATTUNE_LOST_AFTER_S": "30"}
    command = [sys.executable, "-c", "import attune.settings.base"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "at least three times ATTUNE_HEARTBEAT_S" in done.stderr
