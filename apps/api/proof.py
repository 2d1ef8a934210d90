"""Who sent a request, as of the moment that is asked: tokens end, and so do sessions, accounts and rights."""

from collections.abc import Callable, Collection
from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from rest_framework.request import Request

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, may
from apps.accounts.services.tokens import prove_token
from apps.core.database import release_connection, trouble_of


def prover(request: Request, verbs: Collection[Verb]) -> Callable[[], Identity | None]:
    """The identity behind `request` while it may do all of `verbs`."""
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    session_key = request._request.session.session_key

    def prove() -> Identity | None:
        identity = _of_token(token) if token else _of_session(session_key)
        return identity if identity and all(may(identity, verb) for verb in verbs) else None

    return prove


def may_upload(scope: dict[str, Any]) -> bool:
    """Whether who sends this request may install packs, by its head alone: asked before its body is taken."""
    request = ASGIRequest(scope, BytesIO())
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() == "bearer":
            identity = _of_token(token)
        else:
            identity = _of_session(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        return identity is not None and may(identity, Verb.PACK_INSTALL)
    except Exception as error:
        if trouble_of(error) is None:
            raise
        return True  # the view tells that the database is away
    finally:
        release_connection()


def _of_token(text: str) -> Identity | None:
    token = prove_token(text.strip())
    return token.identity if token else None


def _of_session(key: str | None) -> Identity | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    identity = get_user(request)
    return identity if isinstance(identity, Identity) else None
