"""Versions of definitions: `ETag` on what is read, `If-Match` before it is changed, so that nobody overwrites what they
have not seen."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.views import sparse
from apps.core.errors import PreconditionFailed
from apps.core.types import JsonObject


class Changed(PreconditionFailed):
    """It has changed since you read it; read it again."""

    code = "changed"


def versioned(request: Request, body: JsonObject) -> Response:
    """`body` with its `ETag`, reduced to `?fields=`; 304 when the client has this one."""
    tag = etag_of(body)
    if request.method in ("GET", "HEAD") and _names(request.headers.get("If-None-Match", ""), tag):
        return Response(status=304, headers={"ETag": tag})
    return Response(sparse(request, body), headers={"ETag": tag})


def etag_of(body: JsonObject) -> str:
    text = orjson.dumps(body, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return f'"{hashlib.sha256(text).hexdigest()[:32]}"'


@contextmanager
def unchanged(request: Request, rows: "QuerySet[Any]", read: Callable[[], JsonObject]) -> Iterator[None]:
    """For a change of `rows`: nobody else changes them meanwhile, and they are as `If-Match` says. Raises `Changed`."""
    expected = request.headers.get("If-Match")
    if expected is None:
        yield
        return
    with transaction.atomic():
        list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        if not _names(expected, etag_of(read())):
            raise Changed
        yield


def _names(header: str, tag: str) -> bool:
    # A proxy that compresses makes a tag weak; the content is the same.
    names = [name.removeprefix("W/") for name in parse_etags(header)]
    return tag in names or "*" in names
