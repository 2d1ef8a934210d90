"""Sensors as real processes: what they say becomes events, whatever else they do."""

import json
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.db import transaction

from apps.audit.models import AuditRecord
from apps.keys.owners import SYSTEM
from apps.keys.services import set_key
from apps.packs.models import Pack
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.triggers.listening import set_listened, trigger_for
from apps.triggers.models import Event, Sensor, SensorInstance
from apps.triggers.sensors.logs import kept_starts, log_folder
from tests.database_trouble import another_session
from tests.integration.triggers.sensors.conftest import Stage, seen, standing
from tests.waiting import is_running, state_of, wait_for

#: Says one event and stays.
ONE = """echo '{"trigger": "demo.seen", "payload": {"n": 1}}' >&$ATTUNE_EVENT_FD; exec sleep 1000"""
STAY = "exec sleep 1000"


def listen(listened: dict[int, bool]) -> None:
    with transaction.atomic():
        set_listened(listened)


def log_of(name: str, stream: Stream = Stream.STDERR) -> str:
    instance = standing(name)
    return b"".join(LogReader(log_folder(instance.sensor_id, instance.starts)).everything(stream)).decode()


def test_what_a_sensor_says_becomes_an_event(stage: Stage) -> None:
    stage.install(one=ONE)
    stage.host()
    stage.until(lambda: seen("one") == [1])

    event = Event.objects.get()
    assert (event.type_ref, event.source, event.source_ref, event.parameters) == ("demo.seen", "sensor", "demo.one", {})
    assert standing("one").state == "running"
    assert standing("one").holder == "host0"


def test_events_may_come_on_stdout(stage: Stage) -> None:
    stage.install(out=("events: stdout\n", """echo '{"trigger": "demo.seen", "payload": {"n": 7}}'; exec sleep 1000"""))
    stage.host()
    stage.until(lambda: seen("out") == [7])


def test_it_gets_secrets_context_and_triggers_in_one_line_and_changes_in_further_ones(
    stage: Stage, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    stage.install(reader=f'while read -r line; do printf "%s\\n" "$line" >> {told}; done')
    first = trigger_for("demo.seen", {"path": "/a"})
    listen({first.pk: True})
    stage.host()
    stage.until(told.exists)
    second = trigger_for("demo.seen", {"path": "/b"})
    listen({first.pk: False, second.pk: True})
    stage.until(lambda: told.read_text().count("\n") >= 3)

    document, *changes = map(json.loads, told.read_text().splitlines())
    assert document["triggers"] == [{"trigger": "demo.seen", "parameters": {"path": "/a"}}]
    assert document["context"]["sensor"] == "demo.reader"
    assert document["context"]["start"] == 1
    assert document["secrets"] == {}
    assert changes == [
        {"type": "trigger_removed", "trigger": "demo.seen", "parameters": {"path": "/a"}},
        {"type": "trigger_added", "trigger": "demo.seen", "parameters": {"path": "/b"}},
    ]


def test_garbage_an_undeclared_trigger_and_a_payload_that_does_not_fit_are_refused_and_others_go_on(
    stage: Stage,
) -> None:
    lines = [
        '{"trigger": "demo.seen", "payload": {"n": 1}}',
        "oops",
        '{"trigger": "demo.other", "payload": {}}',
        '{"trigger": "demo.seen", "payload": {"n": "many"}}',
        "\\xff\\xfe",
        '{"trigger": "demo.seen", "payload": {"n": 2}}',
    ]
    program = "\n".join(f"printf '{line}\\n' >&$ATTUNE_EVENT_FD" for line in lines)
    stage.install(bad=f"{program}\n{STAY}", good=ONE)
    stage.host()
    stage.until(lambda: seen("bad") == [1, 2] and seen("good") == [1])
    stage.until(lambda: standing("bad").refused == 4)

    instance = standing("bad")
    assert (instance.events, instance.state) == (2, "running")
    assert "line 4 was refused" in instance.last_refusal or "line 5 was refused" in instance.last_refusal
    wait_for(lambda: "line 5" in log_of("bad"))
    log = log_of("bad")
    assert "[attune: line 2 was refused: not JSON" in log
    assert "[attune: line 3 was refused: the sensor's file does not name the trigger 'demo.other'" in log
    assert "[attune: line 4 was refused: " in log
    assert "/payload/n" in log
    assert "line 5 was refused: not UTF-8" in log


def test_a_flood_is_held_back_and_everything_it_says_is_recorded_once(stage: Stage) -> None:
    flood = """for ((n = 0; n < 3000; n++)); do echo '{"trigger": "demo.seen", "payload": {"n": '$n'}}'; done"""
    stage.install(flood=("events: stdout\n", f"{flood}\n{STAY}"), good=ONE)
    stage.host()
    stage.until(lambda: len(seen("flood")) >= 3000 and seen("good") == [1])

    assert seen("flood") == list(range(3000))


def test_a_flood_that_never_ends_stays_in_its_pipe_while_nothing_is_recorded(stage: Stage, tmp_path: Path) -> None:
    """The row it would be counted on is locked: nothing is taken from the pipe, so the program stands still."""
    count, pid = tmp_path / "count", tmp_path / "pid"
    line = '{"trigger": "demo.seen", "payload": {"n": 1}, "dedupe_key": "same"}'
    stage.install(
        flood=f"echo $$ > {pid}; for ((n = 1; ; n++)); do echo $n > {count}; echo '{line}' >&$ATTUNE_EVENT_FD; done"
    )
    stage.host()
    stage.until(lambda: seen("flood") == [1])
    with another_session() as other:
        other.execute("SELECT 1 FROM triggers_sensorinstance FOR UPDATE")
        at_lock = int(wait_for(count.read_text))
        looks: list[tuple[str, int]] = []
        wait_for(lambda: _stands_still(int(pid.read_text()), count, looks))
        assert int(count.read_text()) - at_lock < 20_000
    stage.fleets[0].stop()


def _stands_still(pid: int, count: Path, looks: list[tuple[str, int]]) -> bool:
    """It sleeps, as a program that writes as fast as it can does on a full pipe alone: at five looks, and has not gone
    on between them."""
    looks.append((state_of(pid), int(count.read_text() or 0)))
    return looks[-5:] == [("S", looks[-1][1])] * 5


def test_one_that_dies_at_once_is_started_again_and_again_and_harms_no_other(stage: Stage) -> None:
    stage.install(dead="echo 'no such bus' >&2; exit 3", good=ONE)
    stage.host()
    stage.until(lambda: standing("dead").starts >= 4 and seen("good") == [1])
    instance = stage.until(lambda: (row := standing("dead")).state == "backing_off" and row)

    assert instance.reason == "it ended by itself with exit code 3"
    assert instance.stderr_tail == "no such bus\n"
    assert instance.failures >= 3
    assert instance.next_start_at is not None
    assert standing("good").starts == 1


def test_of_one_that_dies_all_the_time_only_the_newest_logs_are_kept(stage: Stage) -> None:
    stage.install(dead="exit 3")
    stage.host()
    stage.until(lambda: standing("dead").starts >= 15)

    assert len(kept_starts(standing("dead").sensor_id)) <= 10


def test_killed_ten_times_it_comes_back_and_its_events_are_all_there(stage: Stage, tmp_path: Path) -> None:
    """It counts on where it was, and says its number before it is killed."""
    state, pid = tmp_path / "state", tmp_path / "pid"
    stage.install(
        counter=f"""n=$(cat {state} 2>/dev/null || echo 0)
while :; do
  echo '{{"trigger": "demo.seen", "payload": {{"n": '$((n + 1))'}}, "dedupe_key": "'$((n + 1))'"}}' >&$ATTUNE_EVENT_FD
  n=$((n + 1)); echo $n > {state}; echo $$ > {pid}.new; mv {pid}.new {pid}; sleep 0.02
done"""
    )
    stage.host()
    for round_ in range(10):
        stage.until(pid.exists, what=f"start {round_ + 1}")
        killed = int(pid.read_text())
        pid.unlink()
        with suppress(ProcessLookupError):  # the one before may have written its number once more as it was killed
            os.kill(killed, signal.SIGKILL)
        wait_for(partial(_is_gone, killed))
        pid.unlink(missing_ok=True)
    last = stage.until(lambda: standing("counter").starts > 10 and pid.exists() and int(state.read_text() or 0))
    stage.until(lambda: len(seen("counter")) >= last)

    numbers = seen("counter")
    assert numbers == list(range(1, len(numbers) + 1))


def _is_gone(pid: int) -> bool:
    return not is_running(pid)


def test_one_that_never_reads_its_stdin_goes_on(stage: Stage) -> None:
    stage.install(deaf=ONE)
    stage.host()
    stage.until(lambda: seen("deaf") == [1])
    for index in range(3):
        trigger = trigger_for("demo.seen", {"path": f"/{index}"})
        listen({trigger.pk: True})
        stage.fleets[0].look()

    assert (standing("deaf").state, standing("deaf").starts) == ("running", 1)


def test_one_that_asks_for_it_is_told_how_far_it_was_dealt_with(stage: Stage, tmp_path: Path) -> None:
    told = tmp_path / "told"
    line = """echo '{"trigger": "demo.seen", "payload": {"n": 1}}' >&$ATTUNE_EVENT_FD"""
    stage.install(careful=("acknowledge: true\n", f"read -r document; {line}; read -r ack; echo $ack > {told}; {STAY}"))
    stage.host()
    stage.until(lambda: told.exists() and told.read_text())

    assert json.loads(told.read_text()) == {"type": "recorded", "lines": 1}
    assert seen("careful") == [1]


def test_a_poll_runs_again_and_again(stage: Stage) -> None:
    program = """cat > /dev/null; echo '{"trigger": "demo.seen", "payload": {"n": 1}}' >&$ATTUNE_EVENT_FD"""
    stage.install(poll=("poll_interval_s: 1\n", program))
    stage.host()
    stage.until(lambda: len(seen("poll")) >= 2)

    assert standing("poll").failures == 0


def test_a_poll_that_hangs_is_ended_and_runs_again(stage: Stage, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    program = f"cat > /dev/null; echo x >> {starts}; sleep 1000"
    stage.install(poll=("poll_interval_s: 1\npoll_timeout_s: 1\n", program))
    stage.host()
    why = "it was ended, since it ran for longer than 1 s (poll_timeout_s)"
    stage.until(lambda: standing("poll").reason == why)
    stage.until(lambda: starts.read_text().startswith("x\nx\n"))


def test_a_poll_that_hangs_has_failed_also_where_it_ends_well_when_it_is_told_to(stage: Stage) -> None:
    program = "trap 'exit 0' TERM; cat > /dev/null; sleep 1000"
    stage.install(poll=("poll_interval_s: 1\npoll_timeout_s: 1\n", program))
    stage.host()
    why = "it was ended, since it ran for longer than 1 s (poll_timeout_s)"
    stage.until(lambda: standing("poll").reason == why)


def test_disabled_it_ends_with_everything_it_started(stage: Stage, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    stage.install(parent=f"sleep 1000 & echo $! > {pid}; wait")
    stage.host()
    child = int(stage.until(lambda: pid.exists() and pid.read_text()))
    Sensor.objects.update(enabled_override=False)
    stage.until(lambda: standing("parent").state == "stopped")

    assert standing("parent").reason == "it is disabled"
    wait_for(lambda: not is_running(child))
    wait_for(lambda: standing("parent").holder == "")


def test_what_it_keeps_stays_for_its_next_process_until_nobody_wants_it_to_run(stage: Stage, tmp_path: Path) -> None:
    told = tmp_path / "told"
    stage.install(
        keeper=f"""read -r document; dir=${{document#*\\"state_dir\\":\\"}}; dir=${{dir%%\\"*}}
echo "$dir" > {told}; echo x >> "$dir/starts"; {STAY}"""
    )
    stage.host()
    kept = Path(stage.until(lambda: told.exists() and told.read_text().strip())) / "starts"
    wait_for(kept.exists)
    SensorInstance.objects.update(restarts_wanted=1)
    stage.until(lambda: kept.read_text() == "x\nx\n")
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    Sensor.objects.update(enabled_override=False)
    stage.until(lambda: standing("keeper").state == "stopped")
    assert not kept.parent.exists()


def test_with_its_pack_disabled_or_without_its_file_it_is_stopped(stage: Stage) -> None:
    stage.install(one=ONE, other=ONE)
    stage.host()
    stage.until(lambda: {standing("one").state, standing("other").state} == {"running"})
    stage.install(one=ONE)
    stage.until(lambda: standing("other").state == "stopped" and standing("one").starts == 2)
    assert standing("other").reason == "it is no longer in its pack"
    Pack.objects.filter(ref="demo").update(is_enabled=False)
    stage.until(lambda: standing("one").state == "stopped")
    assert standing("one").reason == "its pack is disabled"


def test_a_wish_for_a_restart_ends_the_back_off_too(stage: Stage) -> None:
    stage.install(one=ONE)
    stage.host()
    stage.until(lambda: standing("one").state == "running")
    SensorInstance.objects.update(restarts_wanted=1)
    stage.until(lambda: standing("one").starts == 2 and standing("one").state == "running")


def test_a_host_without_its_runtime_says_so(stage: Stage) -> None:
    stage.install(one=ONE)
    fleet = stage.host()
    fleet._host.capabilities = type(fleet._host.capabilities)("default", {}, {"shell": "no bash here"})
    stage.until(lambda: standing("one").state == "no_place")

    assert standing("one").reason.endswith("has no shell: no bash here")


def test_its_secrets_come_on_stdin_alone_and_are_masked_in_its_log_and_remarks(stage: Stage, tmp_path: Path) -> None:
    set_key(SYSTEM, "token", value="canary-4711-secret", by=None)
    told = tmp_path / "told"
    program = f"""read -r document; echo "$document" > {told}; env >> {told}.env
echo "the token is canary-4711-secret" >&2; echo "canary-4711-secret" >&$ATTUNE_EVENT_FD; {STAY}"""
    stage.install(keeper=("secrets: [token, absent]\n", program))
    stage.host()
    stage.until(lambda: standing("keeper").refused == 1)
    wait_for(lambda: "line 1 was refused" in log_of("keeper") and "the token is" in log_of("keeper"))

    assert json.loads(told.read_text())["secrets"] == {"token": "canary-4711-secret"}
    assert "canary" not in (tmp_path / "told.env").read_text()
    assert "the token is ***" in log_of("keeper")
    assert "canary" not in log_of("keeper")
    assert "canary" not in standing("keeper").last_refusal
    assert "there is no key absent for this sensor" in standing("keeper").reason
    assert AuditRecord.objects.filter(who="sensor demo.keeper", deed="key.read").count() == 1
