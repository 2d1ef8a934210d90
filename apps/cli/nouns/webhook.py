"""`attune webhook`"""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.keys.reading import Source, read_value
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.session import Session
from apps.cli.webhooks import pages

app = noun("Let others tell what happened, and see what came of it.")

_KINDS = values.words("token", "hmac", "github")

Url = Annotated[
    str,
    typer.Argument(
        metavar="WEBHOOK", help="its url: github/pushes", show_default=False, autocompletion=values.webhooks
    ),
]
Proof = Annotated[
    str | None,
    typer.Option(
        "--proof", metavar="token|hmac|github", help="how senders prove themselves; token", autocompletion=_KINDS
    ),
]
Rate = Annotated[
    str | None, typer.Option("--rate", metavar="N|none", help="so many deliveries a minute; 6000 unless said otherwise")
]
Headers = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="NAME", help="which an event keeps besides the usual (repeatable)"),
]
Results = Annotated[
    bool | None,
    typer.Option("--results/--no-results", help="whether senders may wait for the result of what they start; yes"),
]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="what it is for")]
Stdin = Annotated[
    bool, typer.Option("--stdin", help="the sender chose the secret: it comes on stdin, or is asked for unseen")
]


@command(app, "list")
def list_(
    session: Session,
    *,
    query: Annotated[str | None, typer.Option("--query", "-q", metavar="TEXT", help="part of the url")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List webhooks by url."""
    show_list(
        session,
        "webhooks",
        columns=pages.LIST_COLUMNS,
        filters={"q": query},
        most=most_of(limit, all_),
        nothing="There are no such webhooks.",
    )


@command(app, "show")
def show(session: Session, webhook: Url) -> None:
    """Show one webhook, and how to post to it with curl."""
    found = session.api.get("webhooks", webhook)
    base_url = session.api.connection.url
    session.printer.one(found, lambda: pages.describe(found, base_url=base_url))
    if session.printer.is_for_people:
        _say_curl(session, found)


@command(app, "create")
def create(
    session: Session,
    webhook: Annotated[
        str, typer.Argument(metavar="WEBHOOK", help="segments with slashes between: github/pushes", show_default=False)
    ],
    *,
    proof: Proof = None,
    rate: Rate = None,
    header: Headers = None,
    results: Results = None,
    pack: Annotated[
        str | None, typer.Option("--pack", metavar="REF", help="to which it belongs", autocompletion=values.packs)
    ] = None,
    description: Description = None,
    stdin: Stdin = False,
) -> None:
    """Make a webhook. Its secret is printed to stdout this once."""
    body = _body(authentication=proof, rate=rate, headers=header, may_wait=results, description=description)
    body |= {"pack": pack} if pack else {}
    made = session.api.post("webhooks", body={"url": webhook, **body, **_chosen(stdin)})
    _tell_secret(session, made, f"webhook {made['url']} is made")
    if session.printer.is_for_people:
        _say_curl(session, made)


@command(app, "update")
def update(
    session: Session,
    webhook: Url,
    *,
    proof: Proof = None,
    rate: Rate = None,
    header: Headers = None,
    results: Results = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="whether it takes deliveries")] = None,
    description: Description = None,
) -> None:
    """Change a webhook, from its next delivery on."""
    body = _body(authentication=proof, rate=rate, headers=header, may_wait=results, description=description)
    body |= {} if enabled is None else {"enabled": enabled}
    if not body:
        raise UsageError("Nothing to change was given.")
    changed = session.api.patch("webhooks", webhook, body=body)
    base_url = session.api.connection.url
    session.printer.one(changed, lambda: pages.describe(changed, base_url=base_url))


@command(app, "rotate")
def rotate(
    session: Session,
    webhook: Url,
    *,
    grace: Annotated[
        int | None, typer.Option("--grace", metavar="SECONDS", help="the secret before counts so long too; a day")
    ] = None,
    stdin: Stdin = False,
) -> None:
    """Replace the secret of a webhook. The new one is printed to stdout this once."""
    body: dict[str, Any] = {} if grace is None else {"grace_s": grace}
    made = session.api.post("webhooks", webhook, "rotate", body={**body, **_chosen(stdin)})
    ending = [item["ends_at"] for item in made["secrets"] if item["ends_at"]]
    until = f"; the one before counts until {ending[0]}" if ending else ""
    _tell_secret(session, made, f"webhook {made['url']} has a new secret{until}")


@command(app, "deliveries")
def deliveries(
    session: Session,
    webhook: Url,
    *,
    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome",
            metavar="accepted|repeated|refused",
            help="with this outcome",
            autocompletion=values.words("accepted", "repeated", "refused"),
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="CODE", help="refused for it")] = None,
    delivery: Annotated[str | None, typer.Option("--delivery", metavar="NAME", help="that the sender calls so")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List what came of each delivery, newest first: accepted, repeated, or refused and why."""
    show_list(
        session,
        "webhooks",
        webhook,
        "deliveries",
        columns=pages.DELIVERY_COLUMNS,
        filters={"outcome": outcome, "reason": reason, "delivery": delivery},
        most=most_of(limit, all_),
        nothing="There are no such deliveries.",
    )


@command(app, "delete", has_formats=False)
def delete(session: Session, webhook: Url) -> None:
    """Delete a webhook with its secrets and the log of its deliveries."""
    session.api.delete("webhooks", webhook)
    session.printer.say(f"webhook {webhook} is deleted")


def _body(*, rate: str | None, **given: Any) -> dict[str, Any]:
    body = {name: value for name, value in given.items() if value is not None}
    if rate is None:
        return body
    if rate != "none" and not (rate.isascii() and rate.isdigit()):
        raise UsageError(f"--rate: {rate!r} is neither a number nor none.")
    return {**body, "rate_per_minute": None if rate == "none" else int(rate)}


def _chosen(is_stdin: bool) -> dict[str, Any]:
    if not is_stdin:
        return {}
    return {"secret": read_value(Source(value=None, file=None, is_stdin=True, is_json=False), sys.stdin)}


def _tell_secret(session: Session, made: Mapping[str, Any], said: str) -> None:
    if not session.printer.is_for_people:
        session.printer.document(made)
    elif made["secret"] is None:
        session.printer.say(said)
    else:
        session.printer.say(f"{said}, its secret shown this once:")
        session.printer.line(made["secret"])


def _say_curl(session: Session, webhook: Mapping[str, Any]) -> None:
    if webhook["secrets"]:
        session.printer.say("post to it, with its secret in ATTUNE_WEBHOOK_SECRET:")
    elif webhook["authentication"] == "token":
        session.printer.say("it has no secret; post to it with an API token that may send events, in ATTUNE_TOKEN:")
    else:
        session.printer.say(f"it has no secret, so nobody can sign anything: attune webhook rotate {webhook['url']}")
        return
    for line in pages.curl_lines(webhook, base_url=session.api.connection.url):
        session.printer.say(f"  {line}")
