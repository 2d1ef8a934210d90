"""Ends what a supervisor that was killed has left: its programs, found by their records, and their kin."""

from apps.standalone.environment import MARK
from apps.standalone.layout import Layout
from apps.standalone.processes import descendants, processes_with
from apps.standalone.records import Record, Records
from apps.standalone.report import Report
from apps.standalone.strays import end_strays, wait_for_end


def end_leftovers(layout: Layout, *, report: Report) -> int:
    """End everything that still runs of this folder's Attune; return how many processes that were.

    To be called by the sole owner of the folder. A process is touched only if it is the very one that was
    recorded, descends from one, or carries our mark; a recycled process number is none of these.
    """
    records = Records(layout.run)
    running = records.running()
    kin = descendants(record.process.pid for record in running)
    for record in running:
        with report.step(f"ending {record.name} (process {record.process.pid})"):
            _end(record, report=report)
    kin |= processes_with(MARK, str(layout.var))
    kin = {process for process in kin if process.is_alive()}
    strays = end_strays(kin, report=report)
    for record in records.all():
        records.remove(record.name)
    return len(running) + strays


def _end(record: Record, *, report: Report) -> None:
    for number, wait_s in record.stop_signals:
        record.process.send(number)
        if not wait_for_end([record.process], seconds=wait_s):
            return
    end_strays([record.process], report=report, grace_s=0)
