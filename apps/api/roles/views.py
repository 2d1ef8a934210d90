"""Roles over REST, and who has them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Role, RoleAssignment
from apps.accounts.permissions import Verb
from apps.accounts.services.roles import (
    assign_role,
    change_role,
    create_role,
    delete_role,
    get_role,
    unassign_role,
)
from apps.api.filtering import Filter
from apps.api.pagination import Order
from apps.api.roles import serializers
from apps.api.views import ListView, View, path_id
from apps.core.types import JsonObject


class RolesView(ListView):
    verbs = {"GET": Verb.ROLE_VIEW, "POST": Verb.ROLE_MANAGE}
    shape = serializers.RoleSerializer
    order = Order("name", descending=False)
    filters = (Filter("pack", "ref of the pack it comes with", lambda rows, value: rows.filter(pack_ref=value)),)

    def queryset_for(self, request: Request) -> Any:
        return Role.objects.visible_to(self.identity(request))

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [_represent(row) for row in rows]

    @extend_schema(responses=serializers.RolePageSerializer, operation_id="roles_list")
    def get(self, request: Request) -> Response:
        """Roles, by name: those that come with Attune, those of packs, and your own."""
        return self.page(request)

    @extend_schema(request=serializers.NewRoleSerializer, responses={201: serializers.RoleSerializer})
    def post(self, request: Request) -> Response:
        """A new role. Nobody can put more into it than they have."""
        self.only_parameters(request)
        role = create_role(self.identity(request), **self.read_body(request, serializers.NewRoleSerializer))
        return Response(_represent(get_role(self.identity(request), role.name)), status=201)


class RoleView(View):
    verbs = {"GET": Verb.ROLE_VIEW, "PATCH": Verb.ROLE_MANAGE, "DELETE": Verb.ROLE_MANAGE}

    @extend_schema(responses=serializers.RoleSerializer, operation_id="roles_retrieve")
    def get(self, request: Request, name: str) -> Response:
        """One role."""
        self.only_parameters(request)
        return Response(_represent(get_role(self.identity(request), name)))

    @extend_schema(request=serializers.RoleChangeSerializer, responses=serializers.RoleSerializer)
    def patch(self, request: Request, name: str) -> Response:
        """Changes a role of your own; whoever has it is bound by that with their next request."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.RoleChangeSerializer)
        change_role(self.identity(request), name=name, **values)
        return Response(_represent(get_role(self.identity(request), name)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Whoever has it loses it at once."""
        self.only_parameters(request)
        delete_role(self.identity(request), name=name)
        return Response(status=204)


class AssignmentsView(ListView):
    verbs = {"GET": Verb.ROLE_VIEW, "POST": Verb.ROLE_MANAGE}
    shape = serializers.AssignmentSerializer
    filters = (
        Filter("role", "name of a role", lambda rows, value: rows.filter(role__name=value)),
        Filter("identity", "name of an identity", lambda rows, value: rows.filter(identity__username=value)),
        Filter("group", "name of a group", lambda rows, value: rows.filter(group__name=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        rows = RoleAssignment.objects.visible_to(self.identity(request))
        return rows.select_related("role", "identity", "group", "assigned_by")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [_represent_assignment(row) for row in rows]

    @extend_schema(responses=serializers.AssignmentPageSerializer, operation_id="role_assignments_list")
    def get(self, request: Request) -> Response:
        """Who has which role, newest first; also what has expired."""
        return self.page(request)

    @extend_schema(request=serializers.NewAssignmentSerializer, responses={201: serializers.AssignmentSerializer})
    def post(self, request: Request) -> Response:
        """Gives a role to an identity or a group, perhaps until a moment. Nobody can give more than they have."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.NewAssignmentSerializer)
        values["to"] = values.pop("identity", None)
        return Response(_represent_assignment(assign_role(self.identity(request), **values)), status=201)


class AssignmentView(View):
    verbs = {"DELETE": Verb.ROLE_MANAGE}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, assignment_id: str) -> Response:
        """Takes a role back, at once."""
        self.only_parameters(request)
        unassign_role(self.identity(request), assignment_id=path_id(assignment_id))
        return Response(status=204)


def _represent(role: Role) -> JsonObject:
    return {
        "name": role.name,
        "description": role.description,
        "grants": role.grants,
        "source": role.source,
        "pack": role.pack_ref or None,
        "updated_at": role.updated_at,
    }


def _represent_assignment(row: RoleAssignment) -> JsonObject:
    return {
        "id": row.pk,
        "role": row.role.name,
        "identity": row.identity.username if row.identity else None,
        "group": row.group.name if row.group else None,
        "assigned_by": row.assigned_by.username if row.assigned_by else None,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }
