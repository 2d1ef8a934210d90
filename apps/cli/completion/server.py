"""Asks Attune for names while somebody presses TAB: quickly, silently, and not twice within a minute."""

import os
from typing import Any

import typer

from apps.cli.completion.cache import Cache, cache_folder
from apps.cli.config import Connection, Options, find_connection
from apps.cli.errors import CliError

#: Seconds: whoever presses TAB waits for it.
_CONNECT_S, _ANSWER_S = 0.4, 1.0
#: Seconds for which an answer is taken again, and an Attune that did not answer is left alone.
FRESH_S, _AWAY_S = 60.0, 10.0
#: Rows that are worth asking for.
MOST = 500


def rows(ctx: typer.Context, *path: object, fields: str, most: int = MOST, fresh_s: float = FRESH_S) -> list[Any]:
    """The first rows of a list; none when Attune does not say."""
    found = _ask(ctx, path, {"fields": fields, "limit": most}, fresh_s=fresh_s)
    return found["results"] if isinstance(found, dict) and isinstance(found.get("results"), list) else []


def one(ctx: typer.Context, *path: object, fields: str | None = None) -> dict[str, Any]:
    """One thing; empty when Attune does not say."""
    found = _ask(ctx, path, {"fields": fields}, fresh_s=FRESH_S)
    return found if isinstance(found, dict) else {}


def typed(ctx: Any, name: str) -> Any:
    """A value that stands on the line already; the global options may stand before the noun too."""
    value = ctx.params.get(name)
    return value if value is not None or ctx.parent is None else typed(ctx.parent, name)


def _ask(ctx: typer.Context, path: tuple[object, ...], query: dict[str, object], *, fresh_s: float) -> Any:
    try:
        options = Options(typed(ctx, "profile"), typed(ctx, "url"), typed(ctx, "token"))
        connection = find_connection(options, os.environ)
    except CliError:
        return None
    cache = Cache(cache_folder(os.environ), owner=f"{connection.url}\0{connection.token}")
    question = repr((path, query))
    kept = cache.get(question)
    if kept is None:
        kept = _fetch(connection, path, query)
        cache.put(question, kept, fresh_s=_AWAY_S if kept is False else fresh_s)
    return kept


def _fetch(connection: Connection, path: tuple[object, ...], query: dict[str, object]) -> Any:
    """What Attune says, or False when it says nothing that can be used."""
    from apps.cli.api import Api, Patience  # httpx, which a line that is answered from the cache does without

    try:
        with Api(connection, patience=Patience(_CONNECT_S, _ANSWER_S)) as api:
            return api.get(*path, **query)
    except CliError:
        return False
