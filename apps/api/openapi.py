"""Tells the OpenAPI document what views say of themselves: verbs, filters, pages, and how requests fail."""

import re
from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny

from apps.api.permissions import verb_of
from apps.core.problem import CONTENT_TYPE
from apps.core.types import JsonObject

_ERROR: JsonObject = {
    "type": "object",
    "required": ["code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer into the request (RFC 6901)"},
        "file": {"type": "string", "description": "of a pack"},
        "line": {"type": "integer", "description": "of the file; 0 is the file as a whole"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
    },
}
_PROBLEM: JsonObject = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; some codes bring facts of their own.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "additionalProperties": True,
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": _ERROR},
    },
}
#: What each answer means, wherever it may come.
_FAILURES = {
    400: "The request is not valid; `errors` says where.",
    401: "Nobody is logged in, or the token is unknown, expired or revoked.",
    403: "You may not do this.",
    404: "There is no such thing, or it is not yours to see.",
    409: "The state of things does not allow this.",
    412: "It has changed since the version that `If-Match` names.",
    413: "The body is larger than it may be.",
    415: "The body is not JSON.",
    422: "This Idempotency-Key was used for another request.",
    429: "A limit is reached; try again after `Retry-After` seconds.",
    503: "A service Attune needs cannot be reached; try again after `Retry-After` seconds.",
}


#: What a request may say of the version it knows.
_VERSION = {
    method: OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=text)
    for method, name, text in (
        ("GET", "If-None-Match", "an `ETag`; 304 when it is still that one"),
        ("PATCH", "If-Match", "the `ETag` that was read; 412 when it has changed since"),
        ("PUT", "If-Match", "the `ETag` that was read; 412 when it has changed since"),
    )
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    target_class = "apps.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> JsonObject:
        return {"type": "http", "scheme": "bearer", "description": "`att_<id>_<secret>`, from POST /tokens"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # as above
    target_class = "apps.accounts.authentication.ConsoleSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> JsonObject:
        description = "from POST /auth/login; what changes things also needs the header X-CSRFToken"
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": description}


class AttuneSchema(AutoSchema):
    def get_operation(self, *args: Any, **kwargs: Any) -> JsonObject | None:
        operation: JsonObject | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation["responses"] |= {str(status): self._failure(status) for status in sorted(set(self._failures()))}
            operation["summary"] = _summary_of(operation["description"])
        return operation

    def get_override_parameters(self) -> list[Any]:
        if getattr(self.view, "is_versioned", False):
            known = [_VERSION[self.method]] if self.method in _VERSION else []
            return known or list(getattr(self.view, "query_parameters", ()))
        if self.method != "GET" or not getattr(self.view, "is_list", False):
            return list(getattr(self.view, "query_parameters", ()))
        described = [
            OpenApiParameter(item.name, OpenApiTypes.STR, description=item.help, many=item.may_repeat)
            for item in getattr(self.view, "filters", ())
        ]
        return [
            *described,
            OpenApiParameter("limit", OpenApiTypes.INT, description="rows a page, 1 to 500"),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="`next` of the page before"),
            OpenApiParameter("fields", OpenApiTypes.STR, description="only these fields, separated by commas"),
        ]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it, not as DRF
        text: str = super().get_description()
        verb: Any = verb_of(self.view, self.method)
        return f"{text}\n\nNeeds the verb `{verb.value}`." if verb else text

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_operation_id(self) -> str:
        # `…/logs` and `…/logs/{stream}` are two things; numbers added to names would change with their order.
        name: str = super().get_operation_id()
        last = self.path.rpartition("/")[2]
        return f"{name}_by_{last.strip('{}')}" if last.startswith("{") and self.path.count("{") > 1 else name

    def _failures(self) -> Iterator[int]:
        """The ways in which a request to this operation may fail."""
        yield from (400, 401, 503)
        if AllowAny not in self.view.permission_classes:
            yield 403
        if "{" in self.path or (self.path.endswith(("/executions", "/batch")) and self.method == "POST"):
            yield 404
        if self.method != "GET":
            yield from (409, 413, 415)
        if self.method in ("PATCH", "PUT") and getattr(self.view, "is_versioned", False):
            yield 412
        if self.path.endswith(("/stream", "/logs", "/logs/{stream}", "/log")):
            yield 429
        if self.method == "POST" and "/executions" in self.path:
            yield from (422, 429)
        if self.method in getattr(self.view, "open_methods", ()):
            yield 429

    def _failure(self, status: int) -> JsonObject:
        problem = ResolvedComponent("Problem", ResolvedComponent.SCHEMA, _PROBLEM, "Problem")  # type: ignore[no-untyped-call]  # drf-spectacular has no types
        self.registry.register_on_missing(problem)
        return {"description": _FAILURES[status], "content": {CONTENT_TYPE: {"schema": problem.ref}}}


def _summary_of(description: str) -> str:
    """The first sentence of what the view says of itself."""
    first = " ".join(description.partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[.:;])\s", first, maxsplit=1)[0]
    return sentence.rstrip(".:;").replace("`", "")
