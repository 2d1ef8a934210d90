"""`attune rule`"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.json_words import document, json_object, json_value
from apps.cli.labels import label_pairs
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.rules import pages
from apps.cli.session import Session

app = noun("When this happens, and these criteria hold, run that.")

Ref = Annotated[str, typer.Argument(metavar="RULE", help="its ref", show_default=False, autocompletion=values.rules)]
File = Annotated[
    str | None, typer.Option("--file", "-f", metavar="F", help="a rule as in a pack: YAML or JSON; - is stdin")
]
Trigger = Annotated[
    str | None,
    typer.Option("--trigger", metavar="REF", help="what it listens to", autocompletion=values.triggers),
]
TriggerParameters = Annotated[
    str | None, typer.Option("--trigger-parameters", metavar="JSON", help="of the trigger; or @FILE")
]
Criteria = Annotated[
    str | None,
    typer.Option(
        "--criteria", metavar="JSON", help="""'{"trigger.host": {"type": "eq", "pattern": "web1"}}', or @FILE"""
    ),
]
Action = Annotated[
    str | None, typer.Option("--action", metavar="REF", help="what it runs", autocompletion=values.actions)
]
Parameters = Annotated[
    str | None,
    typer.Option("--parameters", metavar="JSON", help="""of the action: '{"host": "{{ trigger.host }}"}', or @FILE"""),
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="standard|backstop",
        help="a backstop runs when no other rule matched",
        autocompletion=values.words("standard", "backstop"),
    ),
]
Overlap = Annotated[
    str | None,
    typer.Option(
        "--overlap",
        metavar="allow|skip|queue|cancel_running",
        help="what to do while its last execution goes on",
        autocompletion=values.words("allow", "skip", "queue", "cancel_running"),
    ),
]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="what it is for")]
Owner = Annotated[
    str | None,
    typer.Option("--owner", metavar="NAME", help="who it acts as; left out: you", autocompletion=values.identities),
]


@command(app, "list")
def list_(
    session: Session,
    *,
    pack: Annotated[
        str | None, typer.Option("--pack", metavar="REF", help="of this pack", autocompletion=values.packs)
    ] = None,
    trigger: Annotated[
        str | None,
        typer.Option("--trigger", metavar="REF", help="that listen to it", autocompletion=values.triggers),
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="REF", help="that run it", autocompletion=values.actions)
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="NAME", help="that act as this one", autocompletion=values.identities),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="NAME=VALUE", help="given again, all must fit", show_default=False),
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="by themselves, or not", show_default=False)
    ] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", metavar="TEXT", help="part of the ref")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List rules by ref."""
    show_list(
        session,
        "rules",
        columns=pages.LIST_COLUMNS,
        filters={
            "pack": pack,
            "trigger": trigger,
            "action": action,
            "owner": owner,
            "label": [f"{name}:{value}" for name, value in label_pairs(label)],
            "enabled": None if enabled is None else str(enabled).lower(),
            "q": query,
        },
        most=most_of(limit, all_),
        nothing="There are no such rules.",
    )


@command(app, "show")
def show(session: Session, ref: Ref) -> None:
    """Show one rule."""
    found = session.api.get("rules", ref)
    session.printer.one(found, lambda: pages.describe(found))


@command(app, "create")
def create(
    session: Session,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="left out: as the file says")] = None,
    *,
    file: File = None,
    pack: Annotated[
        str | None, typer.Option("--pack", metavar="REF", help="its ref is PACK.NAME then", autocompletion=values.packs)
    ] = None,
    trigger: Trigger = None,
    trigger_parameters: TriggerParameters = None,
    criteria: Criteria = None,
    action: Action = None,
    parameters: Parameters = None,
    kind: Kind = None,
    overlap: Overlap = None,
    description: Description = None,
    owner: Owner = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="it does not fire yet")] = False,
) -> None:
    """Make a rule, from a file, from options, or from both: options go first."""
    body = _body(
        file, trigger=trigger, trigger_parameters=trigger_parameters, criteria=criteria, action=action,
        parameters=parameters, name=name, pack=pack, kind=kind, overlap=overlap, description=description, owner=owner,
    )  # fmt: skip
    if disabled:
        body["enabled"] = False
    if "name" not in body:
        raise UsageError("The rule needs a NAME.")
    _tell(session, session.api.post("rules", body=body))


@command(app, "update")
def update(
    session: Session,
    ref: Ref,
    *,
    file: File = None,
    trigger: Trigger = None,
    trigger_parameters: TriggerParameters = None,
    criteria: Criteria = None,
    action: Action = None,
    parameters: Parameters = None,
    kind: Kind = None,
    overlap: Overlap = None,
    description: Description = None,
    owner: Owner = None,
) -> None:
    """Change a rule. Whoever changes what it does owns it from then on."""
    rule = session.api.get("rules", ref)
    body = _body(
        file, trigger=trigger, trigger_parameters=trigger_parameters, criteria=criteria, action=action,
        parameters=parameters, kind=kind, overlap=overlap, description=description, owner=owner, before=rule,
    )  # fmt: skip
    for fixed in ("name", "pack"):
        body.pop(fixed, None)
    if not body:
        raise UsageError("Nothing to change was given.")
    _tell(session, session.api.patch("rules", ref, body=body))


@command(app, "enable")
def enable(session: Session, ref: Ref) -> None:
    """Let a rule fire, whatever its pack's file says."""
    _switch(session, ref, "enable")


@command(app, "disable")
def disable(session: Session, ref: Ref) -> None:
    """Let a rule rest.

    What it has started goes on.
    """
    _switch(session, ref, "disable")


@command(app, "delete", has_formats=False)
def delete(session: Session, ref: Ref) -> None:
    """Remove a rule. What it did stays to be seen."""
    session.api.delete("rules", ref)
    session.printer.say(f"rule {ref} is removed")


@command(app, "explain")
def explain(
    session: Session,
    ref: Ref,
    *,
    event: Annotated[
        int,
        typer.Option("--event", metavar="ID", help="of the event", show_default=False, autocompletion=values.events),
    ],
) -> None:
    """Say why a rule did, or did not, fire for an event, and what it would say now."""
    found = session.api.get("rules", ref, "explain", event=event)
    session.printer.one(found, lambda: pages.describe_explanation(found))


@command(app, "test")
def try_(
    session: Session,
    ref: Ref,
    payload: Annotated[
        str | None, typer.Argument(metavar="PAYLOAD", help="a JSON object, or @FILE, or @- for stdin")
    ] = None,
    *,
    event: Annotated[
        int | None,
        typer.Option("--event", metavar="ID", help="the payload of this event", autocompletion=values.events),
    ] = None,
    criteria: Criteria = None,
    parameters: Parameters = None,
) -> int | None:
    """Say what a rule would do with a payload. Nothing is started. Exit code 1: it does not match."""
    if (payload is None) == (event is None):
        raise UsageError("Give a PAYLOAD, or --event.")
    body: dict[str, Any] = {"event": event} if payload is None else {"payload": json_object(payload, option="PAYLOAD")}
    if criteria is not None:
        body["criteria"] = json_value(criteria, option="--criteria")
    if parameters is not None:
        body["parameters"] = json_object(parameters, option="--parameters")
    said = session.api.post("rules", ref, "test", body=body)
    session.printer.one(said, lambda: pages.describe_said(said))
    return None if said["outcome"] == "matched" and not said["errors"] else 1


def _body(
    file: str | None,
    *,
    trigger: str | None,
    trigger_parameters: str | None,
    criteria: str | None,
    action: str | None,
    parameters: str | None,
    before: Mapping[str, Any] | None = None,
    **said: str | None,
) -> dict[str, Any]:
    """`before`: what is given in part is taken from there for the rest."""
    body: dict[str, Any] = document(file, option="--file") if file else {}
    if not isinstance(body, dict):
        raise UsageError("--file: a rule is an object.")
    body |= {name: value for name, value in said.items() if value is not None}
    if criteria is not None:
        body["criteria"] = json_value(criteria, option="--criteria")
    for field, key, ref, given, option in (
        ("trigger", "type", trigger, trigger_parameters, "--trigger-parameters"),
        ("action", "ref", action, parameters, "--parameters"),
    ):
        if ref is None and given is None:
            continue
        part = dict(body.get(field) or (before or {}).get(field) or {})
        if field == "trigger" and ref not in (None, part.get(key)):
            part.pop("parameters", None)  # those of another type fit none but it
        if ref is not None:
            part[key] = ref
        if given is not None:
            part["parameters"] = json_object(given, option=option)
        body[field] = part
    return body


def _switch(session: Session, ref: str, verb: str) -> None:
    rule = session.api.post("rules", ref, verb)
    if session.printer.is_for_people:
        but = f"; its pack {rule['pack']} is not: it does nothing for now"
        said = "disabled" if not rule["enabled"] else "enabled" if rule["pack_enabled"] else f"enabled{but}"
        session.printer.say(f"{rule['ref']} is {said}")
    else:
        session.printer.document(rule)


def _tell(session: Session, rule: Mapping[str, Any]) -> None:
    session.printer.one(rule, lambda: pages.describe(rule))
