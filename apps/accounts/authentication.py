"""Proves who sends a request: a bearer token, or the console's session with CSRF."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts.services.tokens import prove_token

if TYPE_CHECKING:
    from apps.accounts.models import ApiToken, Identity


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer att_<id>_<secret>`."""

    def authenticate(self, request: Request) -> "tuple[Identity, ApiToken] | None":
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = prove_token(text.strip())
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        return token.identity, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ConsoleSessionAuthentication(SessionAuthentication):
    """The console's own session; unsafe methods need the CSRF token."""

    def enforce_csrf(self, request: HttpRequest | Request) -> None:
        super().enforce_csrf(request)  # type: ignore[arg-type]  # the stubs know only DRF's request
