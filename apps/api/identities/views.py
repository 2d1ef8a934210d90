"""Identities over REST: people and service accounts."""

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Identity, RoleAssignment
from apps.accounts.permissions import Verb
from apps.accounts.services.identities import (
    WithPassword,
    change_identity,
    create_identity,
    end_everything,
    get_identity,
    reset_password,
)
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.identities import serializers
from apps.api.pagination import Order
from apps.api.views import ListView, View, sparse
from apps.core.types import JsonObject

_ROLES = Prefetch("role_assignments", RoleAssignment.objects.select_related("role").order_by("role__name"))


class IdentitiesView(ListView):
    verbs = {"GET": Verb.IDENTITY_VIEW, "POST": Verb.IDENTITY_MANAGE}
    shape = serializers.IdentitySerializer
    order = Order("username", descending=False)
    filters = (
        Filter(
            "kind",
            "user, service",
            lambda rows, value: rows.filter(kind__in=value),
            filtering.one_of(*Identity.Kind.values),
        ),
        Filter("q", "part of the name", lambda rows, value: rows.filter(username__icontains=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return Identity.objects.visible_to(self.identity(request)).prefetch_related("groups", _ROLES)

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent(row) for row in rows]

    @extend_schema(responses=serializers.IdentityPageSerializer, operation_id="identities_list")
    def get(self, request: Request) -> Response:
        """Identities, by name."""
        return self.page(request)

    @extend_schema(request=serializers.NewIdentitySerializer, responses={201: serializers.NewlyMadeSerializer})
    def post(self, request: Request) -> Response:
        """A new user, whose temporary password is in this answer and nowhere else, or a new service account, which has
        none. It may nothing until it is given a role.
        """
        self.only_parameters(request)
        made = create_identity(self.identity(request), **self.read_body(request, serializers.NewIdentitySerializer))
        return Response(_represent_made(made), status=201)


class IdentityView(View):
    verbs = {"GET": Verb.SELF_VIEW, "PATCH": Verb.IDENTITY_MANAGE}

    @extend_schema(responses=serializers.IdentitySerializer, operation_id="identities_retrieve")
    def get(self, request: Request, name: str) -> Response:
        """One identity; everybody may look at their own."""
        self.only_parameters(request, "fields")
        return Response(sparse(request, represent(get_identity(self.identity(request), name))))

    @extend_schema(request=serializers.IdentityChangeSerializer, responses=serializers.IdentitySerializer)
    def patch(self, request: Request, name: str) -> Response:
        """Changes an identity that may no more than you. Switching it off ends all its sessions."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.IdentityChangeSerializer)
        return Response(represent(change_identity(self.identity(request), name=name, **values)))


class ResetPasswordView(View):
    verbs = {"POST": Verb.IDENTITY_MANAGE}

    @extend_schema(request=serializers.ResetSerializer, responses=serializers.NewlyMadeSerializer)
    def post(self, request: Request, name: str) -> Response:
        """A temporary password in the place of the old one, in this answer and nowhere else. All sessions end."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.ResetSerializer)
        return Response(_represent_made(reset_password(self.identity(request), name=name, **values)))


class EndSessionsView(View):
    verbs = {"POST": Verb.IDENTITY_MANAGE}

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, name: str) -> Response:
        """Ends all sessions and revokes all tokens of an identity, which stays switched on."""
        self.only_parameters(request)
        self.no_body(request)
        end_everything(self.identity(request), name=name)
        return Response(status=204)


def represent(identity: Identity) -> JsonObject:
    return {
        "name": identity.username,
        "kind": identity.kind,
        "email": identity.email,
        "is_active": identity.is_active,
        "is_administrator": identity.is_superuser,
        "groups": sorted(group.name for group in identity.groups.all()),
        "roles": sorted(assignment.role.name for assignment in identity.role_assignments.all()),
        "must_change_password": identity.temporary_until is not None,
        "created_at": identity.date_joined,
        "last_login_at": identity.last_login,
    }


def _represent_made(made: WithPassword) -> JsonObject:
    return {**represent(made.identity), "temporary_password": made.password or None}
