"""`attune timer`"""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import Detail, InvalidValues, UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ago
from apps.cli.parameters.casting import NotCastable, cast, strict_json
from apps.cli.parameters.words import Word, read_word
from apps.cli.session import Session
from apps.cli.timers import pages

app = noun("See when timers are due, pause them, and fill in times of the past.")

_TYPES = ("core.interval", "core.cron", "core.date")
_STATUSES = ("active", "paused", "trouble", "over", "stopped")

Id = Annotated[
    int,
    typer.Argument(metavar="TIMER", help="number in the list", show_default=False, autocompletion=values.timers),
]


@command(app, "list")
def list_(
    session: Session,
    *,
    trigger: Annotated[
        str | None,
        typer.Option(
            "--trigger", metavar="core.interval|core.cron|core.date", help="of this type",
            autocompletion=values.words(*_TYPES),
        ),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status", "-s", metavar="STATUS", help="several with commas between them: " + ", ".join(_STATUSES),
            autocompletion=values.many_words(_STATUSES),
        ),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:  # fmt: skip
    """List timers, newest first.

    There is one for each interval, cron expression or date that a rule has ever listened to.
    """
    show_list(
        session,
        "timers",
        columns=pages.list_columns(clock.now()),
        filters={"trigger": trigger, "status": status},
        most=most_of(limit, all_),
        nothing="There are no timers: no rule listens to core.interval, core.cron or core.date.",
    )


@command(app, "show")
def show(session: Session, timer: Id) -> None:
    """Show one timer, and its next ten times."""
    _tell(session, session.api.get("timers", timer))


@command(app, "preview")
def preview(
    session: Session,
    trigger: Annotated[
        str,
        typer.Argument(
            metavar="core.interval|core.cron|core.date", help="kind of timer", show_default=False,
            autocompletion=values.words(*_TYPES),
        ),
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="its parameters", show_default=False),
    ] = None,
    *,
    count: Annotated[int, typer.Option("--count", "-n", metavar="N", help="so many times, at most 100")] = 10,
) -> None:  # fmt: skip
    """Show when a timer would fire, before any rule has it. Nothing is saved.

    \b
    attune timer preview core.cron 'expression=0 9 * * mon-fri' timezone=Europe/Berlin
    attune timer preview core.interval delta=90 unit=minutes
    """
    given = [read_word(word) for word in words or []]
    parameters = json.dumps(_collect(session, trigger, given))
    found = session.api.get("timers", "preview", trigger=trigger, parameters=parameters, count=count)
    session.printer.one(found, lambda: pages.times_of(found["times"]))


@command(app, "pause")
def pause(session: Session, timer: Id) -> None:
    """Let a timer fire no more, whatever rules listen to it."""
    _tell(session, session.api.post("timers", timer, "pause"))


@command(app, "resume")
def resume(session: Session, timer: Id) -> None:
    """Let a timer go on with its next time.

    Times of the pause are given up; attune timer backfill brings them back.
    """
    _tell(session, session.api.post("timers", timer, "resume"))


@command(app, "backfill")
def backfill(
    session: Session,
    timer: Id,
    *,
    begin: Annotated[
        str, typer.Option("--begin", metavar="WHEN", help="2d ago, or 2026-01-31T12:00", show_default=False)
    ],
    end: Annotated[str | None, typer.Option("--end", metavar="WHEN", help="1h ago, or 2026-01-31T12:00; now")] = None,
) -> None:
    """Record events for times of the past that have none.

    Rules then meet each of them once; at most 1000 times at once.
    """
    now = clock.now()
    span = {
        "begin": moment_ago(begin, option="--begin", now=now),
        "end": moment_ago(end, option="--end", now=now) if end else now.isoformat().replace("+00:00", "Z"),
    }
    filled = session.api.post("timers", timer, "backfill", body=span)
    if session.printer.is_for_people:
        known = f"; {filled['known']} were there already" if filled["known"] else ""
        session.printer.say(f"{filled['recorded']} events are recorded{known}")
    else:
        session.printer.document(filled)


def _collect(session: Session, trigger: str, words: list[Word]) -> dict[str, Any]:
    declared: Mapping[str, Any] = {}
    if any(not word.is_json for word in words):
        declared = session.api.get("triggers", trigger, fields="parameters_schema")["parameters_schema"]["properties"]
    found: dict[str, Any] = {}
    errors: list[Detail] = []
    for word in words:
        if word.name is None or word.name in found:
            hint = f"all of them: attune trigger show {trigger}"
            raise UsageError("Give each parameter once, as NAME=VALUE.", hints=[hint])
        try:
            found[word.name] = strict_json(word.text) if word.is_json else cast(word.text, declared.get(word.name, {}))
        except NotCastable as error:
            errors.append(Detail(f"parameters.{word.name}", str(error)))
    if errors:
        raise InvalidValues(f"These are no parameters for {trigger}.", details=errors, hints=[])
    return found


def _tell(session: Session, timer: Mapping[str, Any]) -> None:
    session.printer.one(timer, lambda: pages.describe(timer))
