"""Who am I, log in, log out, another password."""

from typing import Any

from django.contrib.auth import login, logout
from django.views.decorators.csrf import ensure_csrf_cookie
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, verbs_of
from apps.accounts.rights import rights_of
from apps.accounts.services.login import prove_password
from apps.accounts.services.passwords import change_own_password
from apps.api.serializers import Flag, StrictSerializer, Text
from apps.api.views import View
from apps.core.types import JsonObject


class LoginSerializer(StrictSerializer):
    username = Text(max_length=150)
    password = Text(max_length=1000, trim_whitespace=False)


class MeSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    kind = serializers.CharField(help_text="user or service")
    is_administrator = serializers.BooleanField()
    must_change_password = serializers.BooleanField(help_text="the password is a temporary one: only that may be done")
    verbs = serializers.ListField(child=serializers.CharField(), help_text="what may be done somewhere")
    grants = serializers.ListField(child=serializers.CharField(), help_text="of roles: verb, and after @ where")
    token_grants = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()), help_text="what binds the token, each list of it"
    )


class MeView(View):
    verbs = {"GET": Verb.SELF_VIEW}

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who you are and what you may do."""
        self.only_parameters(request)
        return Response(_represent(self.identity(request)))


class LoginView(View):
    """Open to everybody: whoever comes here is not known yet."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(request=LoginSerializer, responses=MeSerializer)
    def post(self, request: Request) -> Response:
        """Begins a session (cookie, with CSRF for what changes things). Programs use tokens instead."""
        self.only_parameters(request)
        values = self.read_body(request, LoginSerializer)
        identity = prove_password(request._request, name=values["username"], password=values["password"])
        if identity is None:
            raise AuthenticationFailed("The name or the password is wrong.")
        login(request._request, identity)
        identity.has_session = True
        return Response(_represent(identity))


class PasswordSerializer(StrictSerializer):
    old = Text(max_length=1000, trim_whitespace=False)
    new = Text(max_length=1000, trim_whitespace=False)
    end_tokens = Flag(required=False, default=False, help_text="revoke all your tokens, too")


class PasswordView(View):
    verbs = {"POST": Verb.SELF_MANAGE}

    @extend_schema(request=PasswordSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Another password for yourself. All your other sessions end; with `end_tokens` your tokens do too."""
        self.only_parameters(request)
        values = self.read_body(request, PasswordSerializer)
        change_own_password(request._request, self.identity(request), **values)
        return Response(status=204)


class LogoutView(View):
    verbs = {"POST": Verb.SELF_VIEW}
    records_itself = True

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Ends the session."""
        self.only_parameters(request)
        self.no_body(request)
        logout(request._request)
        return Response(status=204)


def _represent(identity: Identity) -> JsonObject:
    of_roles, *of_token = rights_of(identity).layers
    return {
        "username": identity.username,
        "kind": identity.kind,
        "is_administrator": identity.is_administrator,
        "must_change_password": identity.must_change_password_first,
        "verbs": verbs_of(identity),
        "grants": sorted(map(str, of_roles)),
        "token_grants": [sorted(map(str, layer)) for layer in of_token],
    }


login_view = ensure_csrf_cookie(LoginView.as_view())
