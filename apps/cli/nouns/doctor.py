"""`attune doctor`"""

from apps.cli.command import command, new_app
from apps.cli.doctor.examination import examine
from apps.cli.doctor.findings import Level
from apps.cli.doctor.report import report_of, write_report
from apps.cli.errors import ExitCode
from apps.cli.session import Session

app = new_app()


@command(app, "doctor")
def doctor(session: Session) -> int:
    """Check the deployment from where this runs, and say for each finding what to do.

    Looks at the profile and its file, the way to Attune, TLS, clocks, versions, the token, database, Redis, workers,
    runtimes, queues, waiting executions, environments, limits and operations. Changes nothing.

    --json is {status, url, findings: [{check, level, text, details, todo}]}: a level is ok, skipped, warning or
    problem, and status is the worst of them.

    Exit code 0 when nothing is broken (warnings do not count), 1 otherwise, also when Attune cannot be reached.
    """
    examination = examine(session.options)
    if session.printer.is_for_people:
        write_report(session.printer, examination)
    else:
        session.printer.document(report_of(examination))
    return ExitCode.FAILED if examination.worst is Level.PROBLEM else ExitCode.OK
