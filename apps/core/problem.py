"""Turns errors into `application/problem+json` (RFC 9457) with a stable `code` and the request's id."""

import logging
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from apps.core import errors, request_id
from apps.core.database import Trouble, first_line, trouble_of

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

#: First match wins.
_STATUS: tuple[tuple[type[errors.AttuneError], int], ...] = (
    (errors.Invalid, 400),
    (errors.Unproven, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Gone, 410),
    (errors.PreconditionFailed, 412),
    (errors.UnsupportedKind, 415),
    (errors.Unprocessable, 422),
    (errors.LimitReached, 429),
    (errors.Unavailable, 503),
)
_DRF_CODES = {
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "throttled",
}
#: Seconds after which a client may try again when a service was away.
RETRY_AFTER_S = 5
#: What is said when the database gave a request up.
TROUBLES = {
    Trouble.AWAY: "The database cannot be reached; try again.",
    Trouble.BUSY: "The database could not do this in time, or beside what others do; try again.",
}


def document(status: int, code: str, detail: str, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`facts` cannot replace what every problem document has."""
    return {
        **(facts or {}),
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id.current.get(),
    }


def status_of(error: errors.AttuneError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def told_trouble(error: BaseException) -> Trouble | None:
    """Why the database gave the request up, told to the log; None for an error of another kind."""
    trouble = trouble_of(error)
    if trouble:
        logger.warning("%s: %s", trouble, first_line(error))
    return trouble


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:  # noqa: PLR0911 - one per kind
    """DRF's hook. Returns None only for bugs, which `server_error` answers without a traceback."""
    if isinstance(error, errors.AttuneError):
        facts = error.as_json()
        return _respond(document(status_of(error), facts.pop("code"), facts.pop("detail"), facts))
    if trouble := told_trouble(error):
        return _respond(document(503, trouble, TROUBLES[trouble]))
    if isinstance(error, TooManyFieldsSent | TooManyFilesSent):
        return _respond(document(400, "too_many_fields", "The request has too many fields."))
    if isinstance(error, Http404):
        return _respond(document(404, "not_found", "There is no such thing, or it is not yours to see."))
    if isinstance(error, PermissionDenied):
        return _respond(document(403, "forbidden", "You may not do this."))
    if isinstance(error, RequestDataTooBig):
        return _respond(document(413, "body_too_large", "The body is too large."))
    if isinstance(error, exceptions.APIException):
        return _from_drf(error)
    return None


def _from_drf(error: exceptions.APIException) -> Response:
    status = error.status_code
    if isinstance(error, exceptions.ValidationError):
        fields = [item.as_json() for item in _field_errors(error.detail, "")]
        return _respond(document(400, "invalid", "The request is not valid.", {"errors": fields}))
    if isinstance(error, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        status = 401
    if isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith("CSRF Failed"):
        return _respond(document(403, "csrf_failed", "Send the cookie's CSRF token as X-CSRFToken, from this origin."))
    code = "invalid_json" if status == 400 else _DRF_CODES.get(status, "error")
    return _respond(document(status, code, str(error.detail)))


def _field_errors(detail: Any, pointer: str) -> list[errors.FieldError]:
    from apps.runner.jsonvalue import escape

    if isinstance(detail, dict):
        return [
            item
            for key, value in detail.items()
            for item in _field_errors(value, pointer if key == "non_field_errors" else f"{pointer}/{escape(str(key))}")
        ]
    if isinstance(detail, list):
        nested = [value for value in detail if isinstance(value, dict | list)]
        if nested:
            return [item for index, value in enumerate(detail) for item in _field_errors(value, f"{pointer}/{index}")]
        return [item for value in detail for item in _field_errors(value, pointer)]
    return [errors.FieldError(pointer, str(getattr(detail, "code", "invalid")), str(detail))]


def _respond(body: dict[str, Any]) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if body["status"] == 401 else {}
    if body["status"] in (429, 503):
        headers["Retry-After"] = str(body.get("retry_after_s", RETRY_AFTER_S))
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def plain(status: int, code: str, detail: str) -> HttpResponse:
    """A problem document outside DRF: unknown addresses, bugs, health checks."""
    import orjson

    body = orjson.dumps(document(status, code, detail))
    headers = {"Content-Length": str(len(body))}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return HttpResponse(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return plain(403, "csrf_failed", "The form was not sent from a page of this Attune, or too long ago; reload it.")


def only_reading(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The view, for GET and HEAD; a problem document for other methods."""

    @wraps(view)
    def wrapper(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        refusal = plain(405, "method_not_allowed", "This address is only for reading.")
        refusal["Allow"] = "GET, HEAD"
        return refusal

    wrapper.csrf_exempt = True  # type: ignore[attr-defined]  # what changes nothing needs no proof of where it comes from
    return wrapper


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(404, "not_found", f"There is nothing at {request.path}.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        return plain(400, "bad_host", "This Attune does not answer to that host name (ATTUNE_ALLOWED_HOSTS).")
    if isinstance(exception, TooManyFieldsSent | TooManyFilesSent):
        return plain(400, "too_many_fields", "The request has too many fields.")
    return plain(400, "invalid", "The request is not valid.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(403, "forbidden", "You may not do this.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the error. Before and after a view too: a session is read and saved there."""
    error = sys.exception()
    if error is not None and (trouble := told_trouble(error)):
        return plain(503, trouble, TROUBLES[trouble])
    return plain(500, "internal_error", "This is a bug in Attune; the log has it under the request's id.")
