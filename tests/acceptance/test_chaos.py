"""Load and faults, planned by a seed, judged by what the actions wrote down themselves; `script/chaos` runs longer."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from chaos.checker import TERMINAL
from chaos.leftovers import check_processes
from tests.acceptance.attune import ROOT
from tests.waiting import wait_for

#: PostgreSQL is restarted, a worker killed, Valkey started from a snapshot, then emptied.
_SECONDS, _SEED = "25", "44932"
#: Start, warm-up, rest and stop come to it, on a busy machine.
_PATIENCE_S = 480


@pytest.mark.slow
@pytest.mark.timeout(_PATIENCE_S + 30)
def test_under_faults_every_promise_is_kept(tmp_path: Path) -> None:
    ran = subprocess.run(
        [ROOT / "script" / "chaos", "--seconds", _SECONDS, "--seed", _SEED, "--json"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    assert ran.stdout, ran.stderr
    report = json.loads(ran.stdout)
    assert report["violations"] == [], ran.stderr
    assert ran.returncode == 0
    assert report["accepted"] >= 250
    assert set(report["statuses"]) <= TERMINAL
    assert sum(item["count"] for item in report["recoveries"]) == 4
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_a_run_and_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [ROOT / "script" / "chaos", "--seconds", "600"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        try:
            wait_for(lambda: list(tmp_path.glob("*/var/postgres")), what="its PostgreSQL", deadline_s=60)
            run.send_signal(signal.SIGINT)
            assert run.wait(60) == 130
        finally:
            run.terminate()
    assert list(tmp_path.iterdir()) == []
    assert check_processes(tmp_path) == []
