"""`attune execution`"""

import sys
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import ApiError, ExitCode, UsageError
from apps.cli.executions import logs as log
from apps.cli.executions import pages, states
from apps.cli.executions.ends import Watching, see_to_the_end
from apps.cli.executions.requested import tell_request
from apps.cli.executions.waiting import Deadline, describe_standing
from apps.cli.labels import label_pairs
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import duration_s, moment_ago
from apps.cli.nouns import execution_traces as traces
from apps.cli.parameters.collecting import collect, needs_schema, what_it_takes
from apps.cli.parameters.words import read_word
from apps.cli.session import Session

app = noun("Look at executions, follow, cancel and repeat them.")

Id = traces.Id
Follow = Annotated[bool, typer.Option("--follow", "-f", help="go on until the end")]
Timeout = Annotated[str | None, typer.Option("--timeout", metavar="TIME", help="how long to wait: 30, 10m")]


@command(app, "list")
def list_(
    session: Session,
    *,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            "-s",
            metavar="STATUS",
            help="several with commas between them, like failed,timeout",
            autocompletion=values.many_words(states.ALL),
        ),
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="REF", help="of this action", autocompletion=values.actions)
    ] = None,
    pack: Annotated[
        str | None, typer.Option("--pack", metavar="REF", help="of this pack", autocompletion=values.packs)
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="NAME=VALUE", help="given again, all must fit", show_default=False),
    ] = None,
    requested_by: Annotated[str | None, typer.Option("--requested-by", metavar="NAME", help="by this user")] = None,
    worker: Annotated[
        str | None,
        typer.Option("--worker", metavar="NAME", help="claimed by this worker", autocompletion=values.workers),
    ] = None,
    gate: Annotated[
        int | None, typer.Option("--gate", metavar="ID", help="waiting at this gate", autocompletion=values.gates)
    ] = None,
    parent: Annotated[int | None, typer.Option("--parent", metavar="ID", help="asked for by this execution")] = None,
    pinned: Annotated[
        bool | None, typer.Option("--pinned/--not-pinned", help="kept whatever their age, or not", show_default=False)
    ] = None,
    trace: Annotated[str | None, typer.Option("--trace", metavar="UUID", help="all that belongs together")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help=f"requested after: {traces.MOMENT}")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="requested before")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List executions, newest first."""
    now = clock.now()
    filters = {
        "status": status,
        "action": action,
        "pack": pack,
        "label": [f"{name}:{value}" for name, value in label_pairs(label)],
        "requested_by": requested_by,
        "worker": worker,
        "gate": gate,
        "parent": parent,
        "pinned": None if pinned is None else str(pinned).lower(),
        "trace_id": trace,
        "since": since and moment_ago(since, option="--since", now=now),
        "until": until and moment_ago(until, option="--until", now=now),
    }
    show_list(
        session,
        "executions",
        columns=pages.list_columns(now),
        filters=filters,
        most=most_of(limit, all_),
        nothing="There are no such executions.",
    )


@command(app, "show")
def show(session: Session, execution_id: Id) -> None:
    """Show one execution: status, parameters, result."""
    execution = session.api.get("executions", execution_id)
    session.printer.one(execution, lambda: pages.describe(execution))


@command(app, "result")
def result(session: Session, execution_id: Id) -> None:
    """Print the result alone: JSON, null until there is one."""
    session.printer.document(session.api.get("executions", execution_id, "result"))


@command(app, "logs", has_formats=False)
def logs(
    session: Session,
    execution_id: Id,
    *,
    follow: Follow = False,
    stream: Annotated[
        str | None,
        typer.Option(
            "--stream",
            metavar="stdout|stderr",
            help="one of them; both as they came without",
            autocompletion=values.words("stdout", "stderr"),
        ),
    ] = None,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", help="an earlier attempt; the newest without")
    ] = None,
    tail: Annotated[
        int | None,
        typer.Option(
            "--tail", "-n", metavar="LINES", help="only so many at the end; with --follow, and what comes then"
        ),
    ] = None,
    times: Annotated[
        bool, typer.Option("--times", "-t", help="before each line when it came, to the millisecond, in your time zone")
    ] = False,
) -> None:
    """Print the log, or follow it until its end."""
    if stream not in (None, "stdout", "stderr"):
        raise UsageError(f"--stream: {stream!r} is neither stdout nor stderr.")
    if tail is not None and tail < 0:
        raise UsageError("--tail: a number of lines, please.")
    wanted = log.Wanted(execution_id, attempt=attempt, stream=stream, tail=tail, has_times=times)
    if follow:
        log.follow(session, wanted)
    else:
        log.show(session, wanted)


@command(app, "watch")
def watch(session: Session, execution_id: Id, *, follow: Follow = False, timeout: Timeout = None) -> int:
    """Wait for the end, with the exit code of the run.

    As `attune run --wait` does: result to stdout, progress to stderr; -f shows the log on stderr too.
    """
    deadline = Deadline.after(None if timeout is None else duration_s(timeout, option="--timeout"))
    execution = session.api.get("executions", execution_id)
    return see_to_the_end(
        session, execution, watching=Watching(deadline, sys.stderr if follow else None, shows_result=True)
    )


@command(app, "cancel")
def cancel(
    session: Session,
    execution_ids: Annotated[
        list[int],
        typer.Argument(metavar="ID", help="one or more numbers", show_default=False, autocompletion=values.executions),
    ],
) -> int:
    """Cancel executions.

    At once where they wait, by TERM and then KILL where they run.

    One that cannot be canceled does not keep the others from it.
    """
    printer, code = session.printer, ExitCode.OK
    canceled = []
    for execution_id in execution_ids:
        try:
            canceled.append(session.api.post("executions", execution_id, "cancel"))
        except ApiError as error:
            printer.complain(error)
            code = error.exit_code
        else:
            if printer.is_for_people:
                printer.say(describe_standing(canceled[-1]))
    if not printer.is_for_people:
        printer.document(canceled[0] if len(execution_ids) == 1 and canceled else canceled)
    return code


@command(app, "pin")
def pin(
    session: Session,
    execution_id: Id,
    reason: Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="why, for whoever finds it later")],
) -> None:
    """Keep an execution whatever its age.

    With its log and files, who asked for it, and what it asked for.
    """
    execution = session.api.post("executions", execution_id, "pin", body={"reason": reason})
    if session.printer.is_for_people:
        session.printer.say(f"Execution {execution_id} is kept: {reason}")
    else:
        session.printer.document(execution)


@command(app, "unpin", has_formats=False)
def unpin(session: Session, execution_id: Id) -> None:
    """Let a pinned execution go.

    What is past its time is removed soon.
    """
    session.api.delete("executions", execution_id, "pin")
    session.printer.say(f"Execution {execution_id} is kept as long as others are.")


@command(app, "rerun")
def rerun(
    session: Session,
    execution_id: Id,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="instead of the old ones, as for run", show_default=False),
    ] = None,
    *,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="wait for the end, as run does")] = False,
    timeout: Timeout = None,
) -> int | None:
    """Run an execution again.

    With its parameters and secrets, but for those that are given here.
    """
    if timeout is not None and not wait:
        raise UsageError("--timeout is for --wait.")
    deadline = Deadline.after(None if timeout is None else duration_s(timeout, option="--timeout"))
    execution = _request_rerun(session, execution_id, words or [])
    if wait:
        return see_to_the_end(session, execution, watching=Watching(deadline, log_to=None, shows_result=True))
    tell_request(session, execution)
    return None


command(app, "attempts")(traces.attempts)
command(app, "history")(traces.history)
command(app, "artifacts")(traces.artifacts)
command(app, "download", has_formats=False)(traces.download)
command(app, "children")(traces.children)
command(app, "stats")(traces.stats)


def _request_rerun(session: Session, execution_id: int, texts: list[str]) -> dict[str, Any]:
    words = [read_word(text) for text in texts]
    action, declared = "", dict[str, Any]()
    if words:
        action = session.api.get("executions", execution_id, fields="action")["action"]
    if needs_schema(words):
        declared = session.api.get("actions", action, fields="parameters")["parameters"]
    parameters = collect(words, declared, action=action)
    try:
        execution: dict[str, Any] = session.api.post(
            "executions", execution_id, "rerun", body={"parameters": parameters}
        )
    except ApiError as error:
        if error.code == "invalid_parameters" and action:
            error.hints += what_it_takes(parameters, declared, action=action)
        raise
    return execution
