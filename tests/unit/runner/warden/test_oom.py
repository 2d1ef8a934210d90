from pathlib import Path

import pytest

from apps.runner.warden import oom


def test_the_counter_of_the_machine_can_be_read() -> None:
    assert oom.kill_count() >= 0


def test_the_counter_of_our_control_group_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group, machine = tmp_path / "memory.events", tmp_path / "vmstat"
    group.write_text("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n")
    machine.write_text("nr_free_pages 1\noom_kill 9\n")
    monkeypatch.setattr(oom, "_COUNTERS", (str(group), str(machine)))
    assert oom.kill_count() == 2
    group.unlink()
    assert oom.kill_count() == 9
    machine.write_text("nr_free_pages 1\n")
    assert oom.kill_count() == -1


def test_a_baseline_is_read_anew_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([1, 2])
    monkeypatch.setattr(oom, "kill_count", lambda: next(counts))
    baseline = oom.Baseline()

    assert [baseline.count(now) for now in (10.0, 10.9, 11.5)] == [1, 1, 2]
