"""What `attune policy create` and `update` take, as the body of a request: only what was given."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli.completion import values
from apps.cli.errors import UsageError

_NONE = "none"
_RETRY = ("max_attempts", "on", "backoff", "delay_s", "max_delay_s", "jitter")

Kind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="concurrency|rate|retry|timeout",
        help="left out: as the other options say",
        autocompletion=values.words("concurrency", "rate", "retry", "timeout"),
    ),
]
Window = Annotated[
    str | None, typer.Option("--window", metavar="SECONDS", help="of a rate: so many pass in any SECONDS")
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="TEMPLATE", help="a line for each value: '{{ host }}'; none for a single line"),
]
WhenFull = Annotated[
    str | None,
    typer.Option(
        "--when-full",
        metavar="queue|cancel|reject",
        help="what becomes of those that find no room: wait in line, be canceled, be refused",
        autocompletion=values.words("queue", "cancel", "reject"),
    ),
]
MaxWaiting = Annotated[str | None, typer.Option("--max-waiting", metavar="N|none", help="length of the line")]
Expires = Annotated[
    str | None, typer.Option("--expires", metavar="SECONDS|none", help="whoever waits longer is canceled")
]
Tries = Annotated[
    str | None, typer.Option("--tries", metavar="N", help="of a retry: how often it is started, the first included")
]
After = Annotated[
    str | None,
    typer.Option(
        "--after",
        metavar="failed|timeout|both",
        help="of a retry: after which end",
        autocompletion=values.words("failed", "timeout", "both"),
    ),
]
Backoff = Annotated[
    str | None,
    typer.Option(
        "--backoff",
        metavar="constant|linear|exponential",
        help="of a retry: how the delay grows",
        autocompletion=values.words("constant", "linear", "exponential"),
    ),
]
Delay = Annotated[str | None, typer.Option("--delay", metavar="SECONDS", help="of a retry: before the second try")]
MaxDelay = Annotated[str | None, typer.Option("--max-delay", metavar="SECONDS", help="of a retry: the longest delay")]
Jitter = Annotated[str | None, typer.Option("--jitter", metavar="0…1", help="of a retry: the part left to chance")]
Timeout = Annotated[str | None, typer.Option("--timeout", metavar="SECONDS", help="of a timeout: the most a run takes")]


def body_of(**given: str | None) -> dict[str, Any]:
    """Options by the names of their fields; `none` takes a rule away. Parts of a retry are together in `retry`."""
    body: dict[str, Any] = {}
    retry: dict[str, Any] = {}
    for name, text in given.items():
        if text is not None:
            (retry if name in _RETRY else body)[name] = _value(name, text)
    return body | ({"retry": retry} if retry else {})


def kind_of(body: Mapping[str, Any]) -> str:
    """What the options can only mean."""
    for name, kind in (("retry", "retry"), ("timeout_s", "timeout"), ("window_s", "rate")):
        if name in body:
            return kind
    return "concurrency"


def _value(name: str, text: str) -> Any:
    if name == "on":
        return ["failed", "timeout"] if text == "both" else [text]
    if name in ("when_full", "backoff"):
        return text
    if name == "key":
        return None if text == _NONE else text
    return _number(text, option=_OPTIONS[name])


_OPTIONS = {
    "limit": "--limit",
    "window_s": "--window",
    "max_waiting": "--max-waiting",
    "expires_s": "--expires",
    "max_attempts": "--tries",
    "delay_s": "--delay",
    "max_delay_s": "--max-delay",
    "jitter": "--jitter",
    "timeout_s": "--timeout",
}


def _number(text: str, *, option: str) -> float | None:
    if text == _NONE:
        return None
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is neither a number nor none.") from error
