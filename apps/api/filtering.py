"""Query parameters by allow-list: each list names its filters, and an unknown name is an error that says so."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from apps.core.errors import FieldError, Invalid

#: Every list takes these besides its filters.
COMMON = ("limit", "cursor", "fields")


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
    known = {item.name: item for item in filters}
    errors = refuse_unknown(request.query_params, (*COMMON, *known))
    for name, item in known.items():
        values = request.query_params.getlist(name)
        if len(values) > 1 and not item.may_repeat:
            errors.append(FieldError(f"/{name}", "repeated", f"{name} may be given once"))
            continue
        for value in values:
            try:
                queryset = item.apply(queryset, item.parse(_text(value)))
            except ValueError as error:
                errors.append(FieldError(f"/{name}", "invalid_filter", f"{name}: {error}"))
    if errors:
        raise Invalid("The query is not valid.", errors=errors)
    return queryset


def refuse_unknown(given: Mapping[str, Any], known: Sequence[str]) -> list[FieldError]:
    return [
        FieldError(f"/{name}", "unknown_parameter", f"{name} is not known here; known are {', '.join(known)}")
        for name in given
        if name not in known
    ]


def _text(value: str) -> str:
    if "\x00" in value or len(value) > 1000:
        raise ValueError("not a value that can be looked for")
    return value


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
    return parsed


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
