"""Identities: who there is, what they may, their passwords and sessions."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Identity, Role, RoleAssignment
from apps.accounts.permissions import Verb, may
from apps.accounts.services.identities import (
    change_identity,
    create_identity,
    end_everything,
    reset_password,
)
from apps.accounts.services.passwords import change_own_password
from apps.accounts.services.roles import assign_role, unassign_role
from apps.accounts.services.tokens import issue_token, token_owner
from apps.console.identity_forms import AssignForm, NewIdentityForm, PasswordForm
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_by_name
from apps.core.errors import AttuneError, Invalid, NotFound

_ROLES = Prefetch("role_assignments", RoleAssignment.objects.select_related("role").order_by("role__name"))

#: By which a deed of these pages is recorded, where it is not that of managing identities.
VERBS = {"assign": Verb.ROLE_MANAGE, "unassign": Verb.ROLE_MANAGE, "token": Verb.TOKEN_MANAGE}


class IdentitiesPage(Page):
    """A new user's temporary password stands in the answer that made it and nowhere else: so that answer is a page."""

    verbs = {"GET": Verb.IDENTITY_VIEW, "POST": Verb.IDENTITY_MANAGE}
    template_name = "console/identities.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._list(NewIdentityForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewIdentityForm(request.POST)
        if form.is_valid():
            try:
                made = create_identity(self.identity, **form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                self.acted_on = made.identity.username
                return self._list(NewIdentityForm(), made=made)
        return self._list(form, status=400)

    def _list(self, form: NewIdentityForm, *, status: int = 200, made: Any = None) -> HttpResponse:
        wanted = self.request.GET.get("q", "").replace("\0", "").strip()[:100]
        rows = Identity.objects.visible_to(self.identity).prefetch_related("groups", _ROLES)
        if wanted:
            rows = rows.filter(username__icontains=wanted)
        return self.show(
            "Identities", status=status, form=form, made=made, q=wanted,
            page=page_by_name(rows, self.request.GET, name="username"),
            may_manage=may(self.identity, Verb.IDENTITY_MANAGE),
        )  # fmt: skip


class IdentityPage(Page):
    verbs = {"GET": Verb.IDENTITY_VIEW, "POST": Verb.IDENTITY_VIEW}
    template_name = "console/identity.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(self._one(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Each deed asks for its own verb in its service."""
        row, deed = self._one(pk), request.POST.get("deed", "")
        self.acted_on = name = row.username
        self.acted_verb = VERBS.get(deed, Verb.IDENTITY_MANAGE)
        match deed:
            case "reset":
                return self._page(row, made=reset_password(self.identity, name=name))
            case "off" | "on":
                change_identity(self.identity, name=name, is_active=deed == "on")
                text = f"{name} is switched {deed}" + ("" if deed == "on" else "; its sessions are ended") + "."
            case "end":
                end_everything(self.identity, name=name)
                text = f"All sessions and tokens of {name} are ended."
            case "administrator" | "plain":
                change_identity(self.identity, name=name, is_administrator=deed == "administrator")
                text = f"{name} is {'an administrator' if deed == 'administrator' else 'no administrator any more'}."
            case "token":
                owner = token_owner(self.identity, name)
                return self._page(row, issued=issue_token(owner, name="made in the console", by=self.identity))
            case "assign" | "unassign":
                text = give_or_take(self, deed, to=name)
            case _:
                raise Invalid("Say what is to be done.")
        return self.done(text, reverse("admin:identity", args=[pk]))

    def _one(self, pk: int) -> Identity:
        rows = Identity.objects.visible_to(self.identity).prefetch_related("groups", _ROLES)
        found: Identity | None = rows.filter(pk=pk).first()
        if found is None:
            raise NotFound(f"There is no identity {pk}.")
        return found

    def _page(self, row: Identity, **more: Any) -> HttpResponse:
        return self.show(
            row.username, parents=[Parent("Identities", reverse("admin:identities"))], identity=row, now=timezone.now(),
            roles=Role.objects.visible_to(self.identity).values_list("name", flat=True), form=AssignForm(),
            may_manage=may(self.identity, Verb.IDENTITY_MANAGE), may_assign=may(self.identity, Verb.ROLE_MANAGE),
            **more,
        )  # fmt: skip


def give_or_take(page: Page, deed: str, **holder: Any) -> str:
    """The form of roles on the page of an identity or a group. Tells what was done."""
    post = page.request.POST
    if deed == "unassign":
        number = post.get("assignment", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise NotFound
        unassign_role(page.identity, assignment_id=int(number))
        return "The role is taken back."
    form = AssignForm(post)
    if not form.is_valid():
        raise Invalid(" ".join(str(error) for errors in form.errors.values() for error in errors))
    assigned = assign_role(page.identity, **holder, **form.cleaned_data)
    return f"The role {assigned.role.name} is given."


class PasswordPage(Page):
    verbs = {"GET": Verb.SELF_VIEW, "POST": Verb.SELF_MANAGE}
    template_name = "console/password.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(PasswordForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasswordForm(request.POST)
        if form.is_valid():
            try:
                change_own_password(request, self.identity, **form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return self.done("Your password is changed; your other sessions are ended.", reverse("admin:index"))
        return self._form(form, status=400)

    def _form(self, form: PasswordForm, *, status: int = 200) -> HttpResponse:
        is_first = self.identity.must_change_password_first
        return self.show("Change password", status=status, form=form, is_first=is_first)
