"""Says whether Attune runs here, and which of its programs do."""

from apps.standalone import instance
from apps.standalone.layout import Layout
from apps.standalone.records import Records
from apps.standalone.report import Report


def status(layout: Layout, *, report: Report) -> bool:
    """Print what runs; return True if Attune is ready."""
    running = instance.find_instance(layout.run)
    if running is None:
        report.say(f"Attune is not running in {layout.var}")
    else:
        how = "running" if running.is_ready else "starting"
        report.say(f"Attune is {how} at {running.url} (supervisor: process {running.process.pid})")
    for record in reversed(Records(layout.run).running()):
        report.say(f"  {record.name:<12}process {record.process.pid}")
    return running is not None and running.is_ready
