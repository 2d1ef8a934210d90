import os
import subprocess
import sys
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
