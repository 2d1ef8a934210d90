"""`attune policy`"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli.command import command, noun
from apps.cli.completion import values
from apps.cli.errors import UsageError
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.policies import rules
from apps.cli.policies.pages import LIST_COLUMNS, describe
from apps.cli.session import Session

app = noun("Limit how much runs, how often, and how long.")

_SCOPES = values.words("action", "pack", "system")

Policy = Annotated[
    str, typer.Argument(metavar="POLICY", help="its id or name", show_default=False, autocompletion=values.policies)
]


@command(app, "list")
def list_(
    session: Session,
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="concurrency|rate|retry|timeout",
            help="of this kind",
            autocompletion=values.words("concurrency", "rate", "retry", "timeout"),
        ),
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", metavar="action|pack|system", help="of this scope", autocompletion=_SCOPES)
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="REF", help="of an action or pack")] = None,
    limit: Limit = DEFAULT_LIMIT,
    all_: All = False,
) -> None:
    """List policies in force, newest first.

    Those of packs' files too.
    """
    show_list(
        session,
        "policies",
        columns=LIST_COLUMNS,
        filters={"kind": kind, "scope": scope, "subject": subject},
        most=most_of(limit, all_),
        nothing="There are no such policies.",
    )


@command(app, "show")
def show(session: Session, policy: Policy) -> None:
    """Show one policy."""
    found = session.api.get("policies", _id_of(session, policy))
    session.printer.one(found, lambda: describe(found))


@command(app, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="to find it by", show_default=False)],
    *,
    scope: Annotated[
        str,
        typer.Option(
            "--scope", metavar="action|pack|system", help="what is limited", show_default=False, autocompletion=_SCOPES
        ),
    ],
    subject: Annotated[str | None, typer.Option("--subject", metavar="REF", help="of the action or pack")] = None,
    kind: rules.Kind = None,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="N", help="so many at a time, or of a rate in its window")
    ] = None,
    window: rules.Window = None,
    key: rules.Key = None,
    when_full: rules.WhenFull = None,
    max_waiting: rules.MaxWaiting = None,
    expires: rules.Expires = None,
    tries: rules.Tries = None,
    after: rules.After = None,
    backoff: rules.Backoff = None,
    delay: rules.Delay = None,
    max_delay: rules.MaxDelay = None,
    jitter: rules.Jitter = None,
    timeout: rules.Timeout = None,
) -> None:
    """Make a rule for an action, a pack, or everything.

    So many at a time (--limit), so many in a time (--limit, --window), how often failed runs are tried again (--tries),
    or how long a run may take (--timeout). It holds for executions requested from now on.
    """
    said = rules.body_of(
        limit=limit, window_s=window, key=key, when_full=when_full, max_waiting=max_waiting, expires_s=expires,
        max_attempts=tries, on=after, backoff=backoff, delay_s=delay, max_delay_s=max_delay, jitter=jitter,
        timeout_s=timeout,
    )  # fmt: skip
    body = {"name": name, "kind": kind or rules.kind_of(said), "scope": scope, **said}
    if subject:
        body["subject"] = subject
    _tell(session, session.api.post("policies", body=body))


@command(app, "update")
def update(
    session: Session,
    policy: Policy,
    *,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="N|none", help="0 pauses; none: as its file says")
    ] = None,
    window: rules.Window = None,
    key: rules.Key = None,
    when_full: rules.WhenFull = None,
    max_waiting: rules.MaxWaiting = None,
    expires: rules.Expires = None,
    tries: rules.Tries = None,
    after: rules.After = None,
    backoff: rules.Backoff = None,
    delay: rules.Delay = None,
    max_delay: rules.MaxDelay = None,
    jitter: rules.Jitter = None,
    timeout: rules.Timeout = None,
) -> None:
    """Change a policy. Of one that comes from a pack's files, only the limit can be overridden."""
    body = rules.body_of(
        limit=limit, window_s=window, key=key, when_full=when_full, max_waiting=max_waiting, expires_s=expires,
        max_attempts=tries, on=after, backoff=backoff, delay_s=delay, max_delay_s=max_delay, jitter=jitter,
        timeout_s=timeout,
    )  # fmt: skip
    if not body:
        raise UsageError("Nothing to change was given.")
    policy_id = _id_of(session, policy)
    if "retry" in body:  # which is given as a whole
        body["retry"] = {**(session.api.get("policies", policy_id)["retry"] or {}), **body["retry"]}
    _tell(session, session.api.patch("policies", policy_id, body=body))


@command(app, "delete", has_formats=False)
def delete(session: Session, policy: Policy) -> None:
    """Retire a policy: everybody who waits for it is let through."""
    session.api.delete("policies", _id_of(session, policy))
    session.printer.say(f"policy {policy} is retired")


def _id_of(session: Session, policy: str) -> int:
    """Names may be taken more than once; then only the id says which is meant."""
    if policy.isascii() and policy.isdigit():
        return int(policy)
    found = [row["id"] for row in session.api.items("policies", fields="id,name") if row["name"] == policy]
    if len(found) == 1:
        return int(found[0])
    if found:
        raise UsageError(f"There are several policies {policy}: {', '.join(map(str, found))}; give the id.")
    raise UsageError(f"There is no policy {policy}.", hints=["all policies: attune policy list"])


def _tell(session: Session, policy: Mapping[str, Any]) -> None:
    session.printer.one(policy, lambda: describe(policy))
