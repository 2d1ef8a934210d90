"""`attune run`"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, new_app
from apps.cli.completion import values
from apps.cli.errors import ApiError, UsageError
from apps.cli.executions.ends import Watching, see_to_the_end
from apps.cli.executions.requested import tell_request
from apps.cli.executions.waiting import Deadline
from apps.cli.labels import label_pairs
from apps.cli.moments import duration_s, moment_ahead
from apps.cli.parameters.collecting import collect, needs_schema, what_it_takes
from apps.cli.parameters.near import near_actions
from apps.cli.parameters.words import read_word
from apps.cli.session import Session

#: Seconds that the request itself waits, so that a short run is one request; longer ones are looked at.
_REQUEST_WAIT_S = 0.5

app = new_app()

Action = Annotated[
    str, typer.Argument(metavar="ACTION", help="its ref: PACK.NAME", show_default=False, autocompletion=values.actions)
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME=VALUE",
        help="parameters, as described above",
        show_default=False,
        autocompletion=values.parameters,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="wait for the end: result to stdout, progress to stderr")]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="show the log as it grows; on stdout, or with --wait on stderr")
]
Label = Annotated[
    list[str] | None,
    typer.Option("--label", "-l", metavar="NAME=VALUE", help="to find it by; may be given again", show_default=False),
]
NotBefore = Annotated[str | None, typer.Option("--not-before", metavar="WHEN", help="10m, 2h, or 2026-01-31T12:00")]
Key = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key", metavar="KEY", help="the same key and request within 24 hours is the same execution"
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="TIME", help="how long to wait: 30, 10m; the run itself goes on after that"),
]


@command(app, "run")
def run(
    session: Session,
    action: Action,
    words: Words = None,
    *,
    wait: Wait = False,
    follow: Follow = False,
    label: Label = None,
    not_before: NotBefore = None,
    idempotency_key: Key = None,
    timeout: Timeout = None,
) -> int | None:
    """Run an action.

    \b
    NAME=VALUE      text, read as the action's schema says: numbers, true or false, a,b,c, JSON, null
    NAME:=JSON      JSON
    NAME=@FILE      the content of a file; NAME:=@FILE of JSON; @- is stdin
    VALUE           for parameters that have a position

    A secret is best given as NAME=@FILE: everybody on this host can read what stands on a command line.

    \b
    attune run examples.hello name=World --wait
    attune run core.http https://example.org method=HEAD 'headers:={"accept": "*/*"}' --wait --timeout 1m

    Exit code with --wait or --follow: 0 it succeeded, 1 it did not, or did not end in time. Without, the id of the
    execution goes to stdout.
    """
    if timeout is not None and not (wait or follow):
        raise UsageError("--timeout is for --wait and --follow.")
    deadline = Deadline.after(None if timeout is None else duration_s(timeout, option="--timeout"))
    body: dict[str, Any] = {"action": action, "labels": dict(label_pairs(label))}
    if not_before is not None:
        body["not_before"] = moment_ahead(not_before, option="--not-before", now=clock.now())
    execution = _request(session, body, words or [], waits=wait and not follow, key=idempotency_key)
    if not (wait or follow):
        tell_request(session, execution)
        return None
    log_to = (sys.stderr if wait else sys.stdout) if follow else None
    return see_to_the_end(session, execution, watching=Watching(deadline, log_to, shows_result=wait))


def _request(
    session: Session, body: dict[str, Any], texts: list[str], *, waits: bool, key: str | None
) -> dict[str, Any]:
    words, action = [read_word(text) for text in texts], body["action"]
    declared: dict[str, Any] = {}
    try:
        if needs_schema(words):
            declared = session.api.get("actions", action, fields="parameters")["parameters"]
        body["parameters"] = collect(words, declared, action=action)
        headers = {"Idempotency-Key": key} if key is not None else None
        wait_s = _REQUEST_WAIT_S if waits else 0
        wish = body | ({"wait_s": wait_s} if wait_s else {})
        with _saying_what_may_have_happened(session):
            execution: dict[str, Any] = session.api.post("executions", body=wish, headers=headers, extra_s=wait_s)
        return execution
    except ApiError as error:
        if error.code == "unknown_action":
            error.hints[:0] = near_actions(session.api, action)
        if error.code == "invalid_parameters":
            error.hints += what_it_takes(body["parameters"], declared, action=action)
        raise


@contextmanager
def _saying_what_may_have_happened(session: Session) -> Iterator[None]:
    """Ctrl-C before the answer: the id is not known yet."""
    try:
        yield
    except KeyboardInterrupt:
        session.printer.say("it may have been accepted: attune execution list")
        raise
