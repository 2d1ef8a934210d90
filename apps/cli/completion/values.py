"""What may stand at each place of a command line: `autocompletion` of the commands' parameters."""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

import typer

from apps.cli.completion.server import one, rows, typed
from apps.cli.config import profile_names
from apps.cli.errors import CliError

Completions = list[tuple[str, str]]
Completer = Callable[[typer.Context, str], Completions]

#: Executions and the like change all the time: asked for again after so many seconds.
_LIVELY_S = 3.0
#: As many as a screen shows.
_NEWEST = 30


def actions(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["ref"], row["description"]) for row in rows(ctx, "actions", fields="ref,description")]


def packs(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["ref"], row["description"]) for row in rows(ctx, "packs", fields="ref,description")]


def triggers(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["ref"], row["description"]) for row in rows(ctx, "triggers", fields="ref,description")]


def rules(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["ref"], row["description"]) for row in rows(ctx, "rules", fields="ref,description")]


def events(ctx: typer.Context, incomplete: str) -> Completions:
    """The newest."""
    found = rows(ctx, "events", fields="id,type,source", most=_NEWEST, fresh_s=_LIVELY_S)
    return [(str(row["id"]), f"{row['type']} {row['source']}") for row in found]


def runtimes(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["name"], row["label"]) for row in rows(ctx, "runtimes", fields="name,label")]


def workers(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["name"], row["status"]) for row in rows(ctx, "workers", fields="name,status", fresh_s=_LIVELY_S)]


def pools(ctx: typer.Context, incomplete: str) -> Completions:
    return [(name, "") for name in sorted({row["pool"] for row in rows(ctx, "workers", fields="pool")})]


def policies(ctx: typer.Context, incomplete: str) -> Completions:
    found = rows(ctx, "policies", fields="name,scope,subject")
    return [(row["name"], f"{row['scope']} {row['subject'] or ''}") for row in found]


def keys(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["ref"], row["description"]) for row in rows(ctx, "keys", fields="ref,description")]


def webhooks(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["url"], row["description"]) for row in rows(ctx, "webhooks", fields="url,description")]


def gates(ctx: typer.Context, incomplete: str) -> Completions:
    found = rows(ctx, "gates", fields="gate,policy,key", fresh_s=_LIVELY_S)
    return [(str(row["gate"]), f"{row['policy']} {row['key'] or ''}") for row in found]


def executions(ctx: typer.Context, incomplete: str) -> Completions:
    """The newest."""
    found = rows(ctx, "executions", fields="id,action,status", most=_NEWEST, fresh_s=_LIVELY_S)
    return [(str(row["id"]), f"{row['action']} {row['status']}") for row in found]


def operations(ctx: typer.Context, incomplete: str) -> Completions:
    found = rows(ctx, "operations", fields="id,kind,subject,status", most=_NEWEST, fresh_s=_LIVELY_S)
    return [(str(row["id"]), f"{row['kind']} {row['subject']} {row['status']}") for row in found]


def identities(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["name"], row["kind"]) for row in rows(ctx, "identities", fields="name,kind")]


def groups(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["name"], "") for row in rows(ctx, "groups", fields="name")]


def roles(ctx: typer.Context, incomplete: str) -> Completions:
    return [(row["name"], row["description"]) for row in rows(ctx, "roles", fields="name,description")]


def tokens(ctx: typer.Context, incomplete: str) -> Completions:
    found = rows(ctx, "tokens", fields="id,name,identity", fresh_s=_LIVELY_S)
    return [(str(row["id"]), f"{row['name']} of {row['identity']}") for row in found]


def artifacts(ctx: typer.Context, incomplete: str) -> Completions:
    """Names of the files of the execution that stands before."""
    found = rows_of_execution(ctx, "artifacts")
    return [(row["name"], f"{row['size_bytes']} bytes") for row in found]


def rows_of_execution(ctx: typer.Context, name: str) -> list[Any]:
    execution_id = typed(ctx, "execution_id")
    return one(ctx, "executions", execution_id, name).get("results", []) if execution_id else []


def parameters(ctx: typer.Context, incomplete: str) -> Completions:
    """`NAME=` of the action that stands before, and behind it the values that its schema names."""
    ref = typed(ctx, "action")
    declared = one(ctx, "actions", ref, fields="parameters").get("parameters", {}) if ref else {}
    name, sign, _ = incomplete.partition("=")
    if sign:
        return [(f"{name}={value}", "") for value in _named_values(declared.get(name, {}))]
    taken = {word.partition("=")[0].removesuffix(":") for word in ctx.params.get("words") or ()}
    return [(f"{name}=", _about(schema)) for name, schema in declared.items() if name not in taken]


def profiles(ctx: typer.Context, incomplete: str) -> Completions:
    try:
        return [(name, url or "") for name, url in profile_names(os.environ)]
    except CliError:
        return []


def words(*values: str) -> Completer:
    """Fixed ones."""

    def complete(ctx: typer.Context, incomplete: str) -> Completions:
        return [(value, "") for value in values]

    return complete


def many_words(values: Iterable[str]) -> Completer:
    """Fixed ones, several with commas between them."""
    known = tuple(values)

    def complete(ctx: typer.Context, incomplete: str) -> Completions:
        before, comma, _ = incomplete.rpartition(",")
        taken = before.split(",")
        return [(f"{before}{comma}{value}", "") for value in known if value not in taken]

    return complete


def _named_values(schema: dict[str, Any]) -> list[str]:
    values = schema.get("enum") or ([True, False] if schema.get("type") == "boolean" else schema.get("examples", []))
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _about(schema: dict[str, Any]) -> str:
    required = "required; " if schema.get("required") else ""
    return f"{required}{schema.get('description') or schema.get('type') or ''}"
