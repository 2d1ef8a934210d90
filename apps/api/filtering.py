"""Query parameters by allow-list: each list names its filters, and an unknown name is an error that says so."""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from apps.core.errors import FieldError, Invalid
from apps.runner.jsonvalue import escape

#: Every list takes these besides its filters.
COMMON = ("limit", "cursor", "fields")
#: Times a filter may be given that may be given again and again: each is one more condition of the query.
MOST_REPEATED = 10


@dataclass(frozen=True)
class Filter:
    """`apply(queryset, value)`; `parse` turns the text into the value or raises `ValueError` saying what is
    expected."""

    name: str
    help: str
    apply: Callable[[Any, Any], Any]
    parse: Callable[[str], Any] = str
    may_repeat: bool = False


def filtered(request: Request, queryset: "QuerySet[Any]", filters: Sequence[Filter]) -> "QuerySet[Any]":
    """`queryset` narrowed by the request. Raises `Invalid` naming each unknown or malformed parameter."""
    known = [item.name for item in filters]
    repeatable = [item.name for item in filters if item.may_repeat]
    errors = parameter_errors(request.query_params, (*COMMON, *known), repeatable=repeatable)
    given = [(item, value) for item in filters for value in request.query_params.getlist(item.name)]
    return _narrowed(queryset, given, errors, place="")


def apply(
    filters: Sequence[Filter], given: Mapping[str, object], queryset: "QuerySet[Any]", *, place: str
) -> "QuerySet[Any]":
    """As `filtered`, by an object at `place` of a body: names to text, or to a list of text where a filter may
    repeat."""
    known = {item.name: item for item in filters}
    errors, texts = [], []
    for name, value in given.items():
        if name not in known:
            detail = f"{name} is not known here; known are {', '.join(known)}"
            errors.append(FieldError(f"{place}/{escape(name)}", "unknown_field", detail))
        elif isinstance(value, str):
            texts.append((known[name], value))
        elif known[name].may_repeat and isinstance(value, list) and all(isinstance(text, str) for text in value):
            texts += [(known[name], text) for text in value]
        else:
            errors.append(FieldError(f"{place}/{name}", "wrong_type", f"{name}: text is expected"))
    return _narrowed(queryset, texts, errors, place=place)


def _narrowed(
    queryset: "QuerySet[Any]", given: Sequence[tuple[Filter, str]], errors: list[FieldError], *, place: str
) -> "QuerySet[Any]":
    for name, times in Counter(item.name for item, _ in given).items():
        if times > MOST_REPEATED:
            errors.append(FieldError(f"{place}/{name}", "repeated", f"{name} may be given {MOST_REPEATED} times"))
    for item, value in given:
        try:
            queryset = item.apply(queryset, item.parse(_text(value)))
        except ValueError as error:
            errors.append(FieldError(f"{place}/{item.name}", "invalid_filter", f"{item.name}: {error}"))
    if errors:
        raise Invalid("The request is not valid." if place else "The query is not valid.", errors=errors)
    return queryset


def parameter_errors(given: QueryDict, known: Sequence[str], *, repeatable: Sequence[str] = ()) -> list[FieldError]:
    """One error for each parameter that is not known, or is given more often than it has a meaning."""
    errors = []
    for name, values in given.lists():
        if name not in known:
            detail = f"{name} is not known here; known are {', '.join(known)}" if known else f"{name} is not known here"
            errors.append(FieldError(f"/{escape(name)}", "unknown_parameter", detail))
        elif len(values) > 1 and name not in repeatable:
            errors.append(FieldError(f"/{name}", "repeated", f"{name} may be given once"))
    return errors


def _text(value: str) -> str:
    if "\x00" in value or len(value) > 1000:
        raise ValueError("not a value that can be looked for")
    return value


def truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false is expected")
    return text == "true"


def one_of(*choices: str) -> Callable[[str], list[str]]:
    """Comma separated words, each one of `choices`."""

    def parse(text: str) -> list[str]:
        words = [word.strip() for word in text.split(",")]
        for word in words:
            if word not in choices:
                raise ValueError(f"{word!r} is not one of {', '.join(choices)}")
        return words

    return parse


def number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("a whole number is expected")
    return int(text)


def moment(text: str) -> datetime:
    try:
        parsed = parse_datetime(text)
    except ValueError as error:
        raise ValueError(f"no such moment: {text}") from error
    if parsed is None or parsed.tzinfo is None:
        raise ValueError("a moment with its zone is expected: 2026-01-31T12:00:00Z")
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:  # in the first or last hours of the calendar
        raise ValueError(f"no such moment: {text}") from error


def pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition(":")
    if not separator or not name:
        raise ValueError("name:value is expected")
    return name, value


def trace(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise ValueError("a UUID is expected") from error
