"""Roles: named lists of grants; those of Attune and of packs to look at, one's own to change."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.grants import scopes_of
from apps.accounts.models import Role
from apps.accounts.permissions import Verb, may
from apps.accounts.services.roles import change_role, create_role, delete_role
from apps.console.identity_forms import GrantsForm, NewRoleForm
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_by_name
from apps.core.errors import AttuneError, NotFound

#: Holders told one by one.
_MOST_HOLDERS = 200


class RolesPage(Page):
    verbs = {"GET": Verb.ROLE_VIEW}
    template_name = "console/roles.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = page_by_name(Role.objects.visible_to(self.identity), request.GET, name="name")
        return self.show("Roles", page=page, may_manage=may(self.identity, Verb.ROLE_MANAGE))


class NewRolePage(Page):
    verbs = {"GET": Verb.ROLE_MANAGE, "POST": Verb.ROLE_MANAGE}
    template_name = "console/role_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(NewRoleForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewRoleForm(request.POST)
        if form.is_valid():
            try:
                role = create_role(self.identity, **form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                self.acted_on = role.name
                return self.done(f"The role {role.name} is made.", reverse("admin:role", args=[role.pk]))
        return self._form(form, status=400)

    def _form(self, form: NewRoleForm, *, status: int = 200) -> HttpResponse:
        parents = [Parent("Roles", reverse("admin:roles"))]
        verbs = [(verb.value, sorted(scopes_of(verb))) for verb in sorted(Verb)]
        return self.show("New role", parents=parents, status=status, form=form, verbs=verbs)


class RolePage(Page):
    verbs = {"GET": Verb.ROLE_VIEW, "POST": Verb.ROLE_MANAGE}
    template_name = "console/role.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        role = self._one(pk)
        return self._page(role, GrantsForm(initial={"description": role.description, "grants": "\n".join(role.grants)}))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        role = self._one(pk)
        self.acted_on = role.name
        if "delete" in request.POST:
            delete_role(self.identity, name=role.name)
            return self.done(f"The role {role.name} is deleted.", reverse("admin:roles"))
        form = GrantsForm(request.POST)
        if form.is_valid():
            try:
                change_role(self.identity, name=role.name, **form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return self.done(f"The role {role.name} is changed.", reverse("admin:role", args=[pk]))
        return self._page(role, form, status=400)

    def _one(self, pk: int) -> Role:
        role = Role.objects.visible_to(self.identity).filter(pk=pk).first()
        if role is None:
            raise NotFound(f"There is no role {pk}.")
        return role

    def _page(self, role: Role, form: GrantsForm, *, status: int = 200) -> HttpResponse:
        holders = role.assignments.select_related("identity", "group").order_by("pk")[:_MOST_HOLDERS]
        return self.show(
            role.name, parents=[Parent("Roles", reverse("admin:roles"))], status=status, role=role, form=form,
            holders=holders, now=timezone.now(), may_manage=role.is_editable and may(self.identity, Verb.ROLE_MANAGE),
        )  # fmt: skip
