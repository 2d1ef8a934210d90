"""Groups over REST: identities that have the same roles."""

from typing import Any

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Group, Role
from apps.accounts.permissions import Verb
from apps.accounts.services.identities import create_group, delete_group, get_group, set_members
from apps.api.identities import serializers
from apps.api.pagination import Order
from apps.api.views import ListView, View
from apps.core.types import JsonObject


class GroupsView(ListView):
    verbs = {"GET": Verb.IDENTITY_VIEW, "POST": Verb.IDENTITY_MANAGE}
    shape = serializers.GroupSerializer
    order = Order("name", descending=False)

    def queryset_for(self, request: Request) -> Any:
        return Group.objects.visible_to(self.identity(request)).annotate(member_count=Count("user"))

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        roles = roles_of([row.pk for row in rows])
        return [{"name": row.name, "roles": roles.get(row.pk, []), "member_count": row.member_count} for row in rows]

    @extend_schema(responses=serializers.GroupPageSerializer, operation_id="groups_list")
    def get(self, request: Request) -> Response:
        """Groups, by name."""
        return self.page(request)

    @extend_schema(request=serializers.NewGroupSerializer, responses={201: serializers.WholeGroupSerializer})
    def post(self, request: Request) -> Response:
        """A new group, without members."""
        self.only_parameters(request)
        group = create_group(self.identity(request), **self.read_body(request, serializers.NewGroupSerializer))
        return Response(_represent_whole(group), status=201)


class GroupView(View):
    verbs = {"GET": Verb.IDENTITY_VIEW, "PATCH": Verb.IDENTITY_MANAGE, "DELETE": Verb.IDENTITY_MANAGE}

    @extend_schema(responses=serializers.WholeGroupSerializer, operation_id="groups_retrieve")
    def get(self, request: Request, name: str) -> Response:
        """One group with its members."""
        self.only_parameters(request)
        return Response(_represent_whole(get_group(self.identity(request), name)))

    @extend_schema(request=serializers.MembersSerializer, responses=serializers.WholeGroupSerializer)
    def patch(self, request: Request, name: str) -> Response:
        """Says who is in it. A group that may more than you is not yours to change."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.MembersSerializer)
        return Response(_represent_whole(set_members(self.identity(request), name=name, **values)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Its members lose what it gave them."""
        self.only_parameters(request)
        delete_group(self.identity(request), name=name)
        return Response(status=204)


def roles_of(group_ids: list[int]) -> dict[int, list[str]]:
    """The names of their roles, by the id of the group."""
    found: dict[int, list[str]] = {}
    rows = Role.objects.filter(assignments__group__in=group_ids).order_by("name")
    for name, group_id in rows.values_list("name", "assignments__group"):
        found.setdefault(group_id, []).append(name)
    return found


def _represent_whole(group: Group) -> JsonObject:
    members = sorted(group.user_set.values_list("username", flat=True))
    return {
        "name": group.name,
        "roles": roles_of([group.pk]).get(group.pk, []),
        "member_count": len(members),
        "members": members,
    }
