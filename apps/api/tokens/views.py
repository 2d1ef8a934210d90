"""API tokens over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import ApiToken
from apps.accounts.permissions import Verb
from apps.accounts.services.tokens import issue_token, revoke_token, token_owner
from apps.api.roles.serializers import grants_field
from apps.api.serializers import StrictSerializer, Text
from apps.api.views import ListView, View, path_id
from apps.core.types import JsonObject


class NewTokenSerializer(StrictSerializer):
    name = Text(max_length=100)
    identity = Text(max_length=150, required=False, help_text="a service account; left out, the token is yours")
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    grants = grants_field(required=False)


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    identity = serializers.CharField()
    public_id = serializers.CharField()
    grants = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="null: all that its identity may"
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class IssuedTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="shown this once and kept nowhere")


class TokenPageSerializer(serializers.Serializer[Any]):
    results = TokenSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class TokensView(ListView):
    verbs = {"GET": Verb.TOKEN_VIEW, "POST": Verb.TOKEN_MANAGE}
    shape = TokenSerializer

    def queryset_for(self, request: Request) -> Any:
        return ApiToken.objects.visible_to(self.identity(request)).select_related("identity")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [_represent(row) for row in rows]

    @extend_schema(responses=TokenPageSerializer, operation_id="tokens_list")
    def get(self, request: Request) -> Response:
        """Your tokens, newest first; an administrator sees everybody's."""
        return self.page(request)

    @extend_schema(request=NewTokenSerializer, responses={201: IssuedTokenSerializer})
    def post(self, request: Request) -> Response:
        """A new token, yours or a service account's. Its text is in this answer and nowhere else.

        With `grants` it may do no more than these. A token issues none that may do more than itself; asked for with one
        that expires, it needs an `expires_at` that is no later.
        """
        self.only_parameters(request)
        values = self.read_body(request, NewTokenSerializer)
        asking = self.identity(request)
        owner = token_owner(asking, values.pop("identity", None))
        issued = issue_token(owner, by=asking, **values)
        issued.token.refresh_from_db()
        return Response({**_represent(issued.token), "token": issued.text}, status=201)


class TokenView(View):
    verbs = {"DELETE": Verb.TOKEN_MANAGE}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: str) -> Response:
        """Ends a token at once."""
        self.only_parameters(request)
        revoke_token(self.identity(request), token_id=path_id(token_id))
        return Response(status=204)


def _represent(token: ApiToken) -> JsonObject:
    return {
        "id": token.pk,
        "name": token.name,
        "identity": token.identity.username,
        "public_id": token.public_id,
        "grants": token.grants,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
