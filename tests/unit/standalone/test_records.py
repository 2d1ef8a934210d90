"""Records of processes."""

import signal
from pathlib import Path

from apps.standalone.child import Program
from apps.standalone.processes import ProcessId
from apps.standalone.records import Record, Records


def program(name: str) -> Program:
    return Program(
        name=name, argv=("true",), cwd=Path("/"), log=Path("/dev/null"), stop_signals=((signal.SIGINT, 5.0),)
    )


def test_records_come_back_in_the_order_of_stopping(tmp_path: Path) -> None:
    records, process = Records(tmp_path), ProcessId(1, "boot:1")
    for position, name in enumerate(["postgres", "worker", "web"]):
        records.write(program(name), process, position=position)
    assert [record.name for record in records.all()] == ["web", "worker", "postgres"]
    assert records.all()[0] == Record("web", process, 2, ((signal.SIGINT, 5.0),))


def test_a_record_is_replaced_by_the_next_of_its_name_and_removed_for_good(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.write(program("web"), ProcessId(1, "boot:1"), position=0)
    records.write(program("web"), ProcessId(2, "boot:2"), position=0)
    assert [record.process.pid for record in records.all()] == [2]
    records.remove("web")
    records.remove("web")
    assert records.all() == []


def test_only_the_very_process_counts_as_running(tmp_path: Path) -> None:
    records = Records(tmp_path)
    own = ProcessId.own()
    records.write(program("alive"), own, position=0)
    records.write(program("recycled"), ProcessId(own.pid, "boot:1"), position=1)
    assert [record.name for record in records.running()] == ["alive"]


def test_a_damaged_record_is_passed_over(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.write(program("web"), ProcessId(1, "boot:1"), position=0)
    for name, text in (("half", '{"pid": 1'), ("other", "[]"), ("signals", '{"pid": 1, "stop_signals": 3}')):
        (tmp_path / "processes" / f"{name}.json").write_text(text)
    assert [record.name for record in records.all()] == ["web"]
