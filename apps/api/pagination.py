"""Lists page by key: the cursor says after which row to go on, so page 10,000 costs what page 1 costs."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from django.db.models import Model, QuerySet
from rest_framework.request import Request

from apps.core.errors import FieldError, Invalid

_T = TypeVar("_T")
DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True)
class Order:
    """By a unique column, `descending` for newest first."""

    column: str = "pk"
    descending: bool = True

    @property
    def kind(self) -> type[int] | type[str]:
        """What the column holds: ids are numbers, refs and names are text."""
        return int if self.column == "pk" else str


def limit_of(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_LIMIT):
        raise Invalid(errors=[FieldError("/limit", "invalid_limit", f"limit is a number from 1 to {MAX_LIMIT}")])
    return int(text)


def read_page(
    request: Request, queryset: "QuerySet[Any]", read: Callable[["QuerySet[Any]"], list[Any]], *, order: Order
) -> tuple[list[Any], str | None]:
    """The rows after the request's cursor, as `read` reads them, and the cursor of the next page."""
    limit = limit_of(request)
    rows = read(_after(queryset, _cursor_of(request, order), order)[: limit + 1])
    has_more = len(rows) > limit
    rows = rows[:limit]
    return rows, _encode(_key_of(rows[-1], order)) if has_more else None


def slice_of(request: Request, items: Sequence[_T]) -> tuple[Sequence[_T], str | None]:
    """A page of what is no table, and the cursor of the next: the number of items before it."""
    limit, first = limit_of(request), _cursor_of(request, Order()) or 0
    assert isinstance(first, int)
    if first < 0:
        raise _bad_cursor()
    return items[first : first + limit], _encode(first + limit) if first + limit < len(items) else None


def cursor_after(row_id: int) -> str:
    """The cursor of a list by id that goes on after this row."""
    return _encode(row_id)


def cursor_before(text: str) -> int:
    """The id behind a cursor of such a list. Raises `Invalid`."""
    after = _decode(text, Order())
    assert isinstance(after, int)
    return after


def _after(queryset: "QuerySet[Any]", last: str | int | None, order: Order) -> "QuerySet[Any]":
    ordered = queryset.order_by(f"-{order.column}" if order.descending else order.column)
    if last is None:
        return ordered
    return ordered.filter(**{f"{order.column}__{'lt' if order.descending else 'gt'}": last})


def _key_of(row: Model, order: Order) -> Any:
    return getattr(row, order.column)


def _encode(key: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps({"after": key})).decode().rstrip("=")


def _cursor_of(request: Request, order: Order) -> str | int | None:
    text = request.query_params.get("cursor")
    return None if text is None else _decode(text, order)


def _decode(text: str, order: Order) -> str | int:
    try:
        value = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        after = value["after"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise _bad_cursor() from error
    if type(after) is not order.kind:  # `true` is no number here
        raise _bad_cursor()
    if (isinstance(after, int) and abs(after) >= 2**63) or (isinstance(after, str) and not _can_be_ref(after)):
        raise _bad_cursor()
    assert isinstance(after, int | str)
    return after


def _can_be_ref(text: str) -> bool:
    return "\x00" not in text and len(text) <= 300


def _bad_cursor() -> Invalid:
    return Invalid(errors=[FieldError("/cursor", "invalid_cursor", "use `next` of the page before, unchanged")])
