"""Groups: identities that have the same roles."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Group, Role, RoleAssignment
from apps.accounts.permissions import Verb, may
from apps.accounts.services.identities import create_group, delete_group, set_members
from apps.console.identity_forms import AssignForm, MembersForm, NewGroupForm
from apps.console.pages.base import Page, Parent
from apps.console.pages.identities import VERBS, give_or_take
from apps.console.paging import page_by_name
from apps.core.errors import AttuneError, NotFound


class GroupsPage(Page):
    verbs = {"GET": Verb.IDENTITY_VIEW, "POST": Verb.IDENTITY_MANAGE}
    template_name = "console/groups.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._list(NewGroupForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewGroupForm(request.POST)
        if form.is_valid():
            try:
                group = create_group(self.identity, **form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                self.acted_on = group.name
                return self.done(f"The group {group.name} is made.", reverse("admin:group", args=[group.pk]))
        return self._list(form, status=400)

    def _list(self, form: NewGroupForm, *, status: int = 200) -> HttpResponse:
        rows = Group.objects.visible_to(self.identity).annotate(member_count=Count("user"))
        page = page_by_name(rows, self.request.GET, name="name")
        may_manage = may(self.identity, Verb.IDENTITY_MANAGE)
        return self.show("Groups", status=status, form=form, page=page, may_manage=may_manage)


class GroupPage(Page):
    verbs = {"GET": Verb.IDENTITY_VIEW, "POST": Verb.IDENTITY_VIEW}
    template_name = "console/group.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        group = self._one(pk)
        members = group.user_set.order_by("username").values_list("username", flat=True)
        return self._page(group, MembersForm(initial={"members": "\n".join(members)}))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Each deed asks for its own verb in its service."""
        group, deed, here = self._one(pk), request.POST.get("deed", ""), reverse("admin:group", args=[pk])
        self.acted_on, self.acted_verb = group.name, VERBS.get(deed, Verb.IDENTITY_MANAGE)
        if deed in ("assign", "unassign"):
            return self.done(give_or_take(self, deed, group=group.name), here)
        if deed == "delete":
            delete_group(self.identity, name=group.name)
            return self.done(f"The group {group.name} is deleted.", reverse("admin:groups"))
        form = MembersForm(request.POST)
        if form.is_valid():
            set_members(self.identity, name=group.name, **form.cleaned_data)
            return self.done(f"The members of {group.name} are changed.", here)
        return self._page(group, form, status=400)

    def _one(self, pk: int) -> Group:
        group = Group.objects.visible_to(self.identity).filter(pk=pk).first()
        if group is None:
            raise NotFound(f"There is no group {pk}.")
        return group

    def _page(self, group: Group, form: MembersForm, *, status: int = 200) -> HttpResponse:
        return self.show(
            group.name, parents=[Parent("Groups", reverse("admin:groups"))], status=status, group=group, form=form,
            now=timezone.now(), assign_form=AssignForm(),
            assignments=RoleAssignment.objects.filter(group=group.pk).select_related("role").order_by("role__name"),
            roles=Role.objects.visible_to(self.identity).values_list("name", flat=True),
            may_manage=may(self.identity, Verb.IDENTITY_MANAGE), may_assign=may(self.identity, Verb.ROLE_MANAGE),
        )  # fmt: skip
