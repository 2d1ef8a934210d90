"""Who am I, log in, log out."""

from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.views.decorators.csrf import ensure_csrf_cookie
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, verbs_of
from apps.api.serializers import StrictSerializer, Text
from apps.api.views import View
from apps.core.types import JsonObject


class LoginSerializer(StrictSerializer):
    username = Text(max_length=150)
    password = Text(max_length=1000, trim_whitespace=False)


class MeSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    is_administrator = serializers.BooleanField()
    verbs = serializers.ListField(child=serializers.CharField())


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
        identity = authenticate(request._request, username=values["username"], password=values["password"])
        if not isinstance(identity, Identity):
            raise AuthenticationFailed("The name or the password is wrong.")
        login(request._request, identity)
        return Response(_represent(identity))


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
    return {
        "username": identity.username,
        "is_administrator": identity.is_administrator,
        "verbs": verbs_of(identity),
    }


login_view = ensure_csrf_cookie(LoginView.as_view())
