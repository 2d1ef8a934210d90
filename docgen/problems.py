"""The codes of problem documents, from the classes of errors and the answers outside them."""

import importlib
import pkgutil
from collections.abc import Iterator

import apps
from apps.core.errors import AttuneError
from apps.core.problem import TROUBLES, status_of
from docgen.markdown import code, table

#: Rooms whose errors never become an answer of the REST API: they know no Django, or run in a process of their own.
_ELSEWHERE = ("apps.cli", "apps.standalone", "apps.runner")
#: In the place of a status.
_NO_ANSWER = "-"
#: Answers that no class of ours stands behind (`apps.core.problem`), with what they mean.
_OTHERS = (
    ("400", "bad_host", "This Attune does not answer to that host name."),
    ("400", "bad_http", "What was sent is not a request in HTTP/1.1."),
    ("400", "too_many_fields", "The form has too many fields."),
    ("400", "invalid_json", "The body is no JSON, or holds what cannot be stored."),
    ("403", "csrf_failed", "The CSRF token of the session is missing or wrong, or another site sent it."),
    ("405", "method_not_allowed", "There is no such method at this address."),
    ("408", "body_too_slow", "The body took longer than a minute to come."),
    ("413", "body_too_large", "The body is larger than `ATTUNE_MAX_BODY_BYTES`, or an upload than it may be."),
    ("414", "address_too_long", "The address with its query is longer than `ATTUNE_MAX_ADDRESS_BYTES`."),
    ("415", "unsupported_encoding", "The body is packed; it is taken as it is."),
    ("431", "headers_too_large", "The headers are more than 100, or larger than `ATTUNE_MAX_HEADER_BYTES`."),
    ("500", "internal_error", "This is a bug in Attune; the log has it under the request's id."),
    *(("503", trouble.value, detail) for trouble, detail in TROUBLES.items()),
)


def problems() -> str:
    """Every code with its HTTP status; a dash where the error stands on a record and is no answer."""
    for module in pkgutil.walk_packages(apps.__path__, "apps."):
        if not module.name.startswith(_ELSEWHERE) and "migrations" not in module.name:
            importlib.import_module(module.name)
    found = {(_status(kind), kind.code, _meaning(kind)) for kind in _all(AttuneError)}
    rows = sorted(found | set(_OTHERS), key=lambda row: (row[0] == _NO_ANSWER, row))
    return table(["Status", "Code", "Meaning"], [[status, code(name), meaning] for status, name, meaning in rows])


def _all(kind: type[AttuneError]) -> Iterator[type[AttuneError]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("apps."):
            yield child
            yield from _all(child)


def _status(kind: type[AttuneError]) -> str:
    status = status_of(kind.__new__(kind))
    return _NO_ANSWER if status == 500 else str(status)


def _meaning(kind: type[AttuneError]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]
