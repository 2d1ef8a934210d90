"""`attune event`"""

from typing import Annotated, Any

import typer

from apps.cli import clock
from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.events.pages import describe_event, describe_trace, event_columns
from apps.cli.json_words import json_object
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.moments import moment_ago
from apps.cli.session import Session

app = noun("See what happened and what came of it; send and replay events.")

Event = Annotated[int, typer.Argument(metavar="EVENT", help="its id", show_default=False, autocompletion=values.events)]


@command(app, "list")
def list_(
    session: Session,
    *,
    trigger: Annotated[
        str | None, typer.Option("--trigger", metavar="REF", help="of this one", autocompletion=values.triggers)
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="SOURCES",
            help="timer, webhook, sensor, api, internal or replay; more than one separated by commas",
            autocompletion=values.many_words(("timer", "webhook", "sensor", "api", "internal", "replay")),
        ),
    ] = None,
    rule: Annotated[
        str | None, typer.Option("--rule", metavar="REF", help="that this rule matched", autocompletion=values.rules)
    ] = None,
    trace: Annotated[str | None, typer.Option("--trace", metavar="UUID", help="all that belongs together")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="30m, 2h, 7d, or a moment")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="received before")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List events, newest first."""
    now = clock.now()
    show_list(
        session,
        "events",
        columns=event_columns(now),
        filters={
            "type": trigger,
            "source": source,
            "rule": rule,
            "trace_id": trace,
            "since": since and moment_ago(since, option="--since", now=now),
            "until": until and moment_ago(until, option="--until", now=now),
        },
        most=most_of(limit, all_),
        nothing="There are no such events.",
    )


@command(app, "show")
def show(session: Session, event: Event) -> None:
    """Show one event: its payload, what every rule said of it, and what came of it."""
    found = session.api.get("events", event)
    session.printer.one(found, lambda: describe_event(found))


@command(app, "send")
def send(
    session: Session,
    trigger: Annotated[
        str, typer.Argument(metavar="TRIGGER", help="its ref", show_default=False, autocompletion=values.triggers)
    ],
    payload: Annotated[
        str, typer.Argument(metavar="PAYLOAD", help="a JSON object, or @FILE, or @- for stdin", show_default=False)
    ] = "{}",
    *,
    parameters: Annotated[
        str | None,
        typer.Option("--parameters", metavar="JSON", help="of the trigger: only rules with the same meet it"),
    ] = None,
    dedupe_key: Annotated[
        str | None, typer.Option("--dedupe-key", metavar="KEY", help="sent again with it, it is the same event")
    ] = None,
) -> None:
    """Send an event; its rules follow."""
    body: dict[str, Any] = {"type": trigger, "payload": json_object(payload, option="PAYLOAD")}
    if parameters is not None:
        body["parameters"] = json_object(parameters, option="--parameters")
    if dedupe_key is not None:
        body["dedupe_key"] = dedupe_key
    _tell(session, session.api.post("events", body=body))


@command(app, "replay")
def replay(
    session: Session,
    event: Event,
    *,
    rule: Annotated[
        str | None,
        typer.Option("--rule", metavar="REF", help="only this rule meets it", autocompletion=values.rules),
    ] = None,
) -> None:
    """Send an event once more, to the rules as they are now."""
    _tell(session, session.api.post("events", event, "replay", body={"rule": rule} if rule else {}))


@command(app, "trace")
def trace(session: Session, event: Event) -> None:
    """Show all that belongs to an event: what it came from, and everything it led to."""
    trace_id = session.api.get("events", event, fields="trace_id")["trace_id"]
    found = session.api.get("traces", trace_id)
    session.printer.one(found, lambda: describe_trace(found))


def _tell(session: Session, event: dict[str, Any]) -> None:
    if session.printer.is_for_people:
        session.printer.line(str(event["id"]))
        session.printer.say(f"see what came of it: attune event show {event['id']}")
    else:
        session.printer.document(event)
