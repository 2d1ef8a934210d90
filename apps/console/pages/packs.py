"""Packs: what is installed, what each brings, and the form that installs one."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.actions.models import Action
from apps.console.forms import ConsoleForm
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_by_name
from apps.console.readme import readme_of
from apps.core.errors import Invalid
from apps.core.types import JsonObject
from apps.operations.models import Operation
from apps.packs.icon import icon_of
from apps.packs.models import Pack, PackVersion
from apps.packs.operations import request_installation, request_installation_of_upload
from apps.packs.reserved import OWN
from apps.packs.services.manage import UnknownPack, get_pack, set_pack_enabled
from apps.packs.sources.address import MAX_CHARS
from apps.runtimes.models import Environment

#: Versions and actions shown with one pack.
_MOST_VERSIONS = 100


class PacksPage(Page):
    verbs = {"GET": Verb.PACK_VIEW}
    template_name = "console/packs.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("q", "").replace("\0", "").strip()[:100]
        rows = Pack.objects.visible_to(self.identity).select_related("current")
        if wanted:
            rows = rows.filter(Q(ref__icontains=wanted) | Q(label__icontains=wanted) | Q(description__icontains=wanted))
        page = page_by_name(rows, request.GET, name="ref")
        return self.show(
            "Packs",
            page=page,
            packs=_with_content(page.rows),
            q=wanted,
            may_install=may(self.identity, Verb.PACK_INSTALL),
        )


def _with_content(packs: Iterable[Pack]) -> list[JsonObject]:
    """Each with its number of actions and, per runtime, the state of its environment where it has one."""
    found = list(packs)
    actions: dict[int, int] = defaultdict(int)
    states: dict[int, dict[str, str]] = defaultdict(dict)
    counted = (
        Action.objects.filter(pack__in=found).values("pack", "runtime").annotate(n=Count("id")).order_by("runtime")
    )
    for row in counted:
        actions[row["pack"]] += row["n"]
        states[row["pack"]][row["runtime"]] = ""
    by_ref = {pack.ref: pack.pk for pack in found}
    environments = Environment.objects.filter(pack_ref__in=by_ref).values("pack_ref", "runtime", "status")
    for environment in environments:
        of_pack, runtime = states[by_ref[environment["pack_ref"]]], environment["runtime"]
        of_pack[runtime] = _worse(of_pack.get(runtime, ""), environment["status"])
    return [{"pack": pack, "actions": actions[pack.pk], "runtimes": states[pack.pk].items()} for pack in found]


#: Of several volumes the one that needs attention is shown.
_WORST_FIRST = ("failed", "building", "pending", "outdated", "ready", "")


def _worse(one: str, other: str) -> str:
    return min(one, other, key=_WORST_FIRST.index)


class PackPage(Page):
    """One pack in tabs; switches it on and off."""

    verbs = {"GET": Verb.PACK_VIEW, "POST": Verb.PACK_MANAGE}
    template_name = "console/pack.html"
    _TABS = ("overview", "actions", "environments", "versions")

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        pack = self._pack(ref)
        tab = request.GET.get("tab", "")
        tab = tab if tab in self._TABS else "overview"
        return self.show(
            pack.label,
            parents=[Parent("Packs", reverse("admin:packs"))],
            pack=pack,
            manifest=pack.current.manifest if pack.current else {},
            has_config=bool(pack.current and pack.current.config_schema),
            tab=tab,
            tabs=self._tabs(pack),
            may_manage=may(self.identity, Verb.PACK_MANAGE, on=pack),
            may_install=may(self.identity, Verb.PACK_INSTALL),
            has_icon=pack.current is not None and icon_of(pack.ref, pack.current.digest) is not None,
            has_source=pack.current is not None and pack.current.origin.source is not None,
            is_ad_hoc=pack.current is not None and pack.current.origin.is_ad_hoc,
            is_own=pack.ref in OWN,
            **getattr(self, f"_{tab}")(pack),
        )

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        wish = request.POST.get("enabled")
        if wish not in ("on", "off"):
            raise Invalid("Say whether the pack is to be on or off.")
        pack = set_pack_enabled(self.identity, ref=self._pack(ref).ref, enabled=wish == "on")
        off = "disabled: it takes no new executions, its rules and sensors do nothing; accepted executions still run"
        return self.done(
            f"{pack.ref} is {'enabled' if pack.is_enabled else off}.", reverse("admin:pack", args=[pack.ref])
        )

    def _pack(self, ref: str) -> Pack:
        if "\0" in ref:
            raise UnknownPack
        return get_pack(self.identity, ref)

    def _tabs(self, pack: Pack) -> list[tuple[str, str, int | None]]:
        environments = Environment.objects.visible_to(self.identity).filter(pack_ref=pack.ref)
        counts = {
            "actions": Action.objects.visible_to(self.identity).filter(pack=pack).count(),
            "environments": environments.count(),
            "versions": pack.versions.count(),
        }
        return [(name, name.capitalize(), counts.get(name)) for name in self._TABS]

    def _overview(self, pack: Pack) -> dict[str, Any]:
        installed = PackVersion.objects.filter(pk=pack.current_id or 0).select_related("installed_by").first()
        return {"installed": installed, "readme": readme_of(pack)}

    def _actions(self, pack: Pack) -> dict[str, Any]:
        rows = Action.objects.visible_to(self.identity).filter(pack=pack)
        return {"page": page_by_name(rows, self.request.GET, name="ref")}

    def _environments(self, pack: Pack) -> dict[str, Any]:
        rows = Environment.objects.visible_to(self.identity).filter(pack_ref=pack.ref)
        return {"environments": rows.defer("log", "packages", "dependencies")}

    def _versions(self, pack: Pack) -> dict[str, Any]:
        rows = pack.versions.select_related("installed_by").defer("manifest")
        return {"versions": rows[:_MOST_VERSIONS]}


class InstallForm(ConsoleForm):
    archive = forms.FileField(
        label="Archive",
        required=False,
        help_text="A .tar.gz or .zip file of this machine, with the pack's files or one folder with them.",
        widget=forms.FileInput(attrs={"accept": ".tar.gz,.tgz,.zip"}),
    )
    source = forms.CharField(
        label="Or where it is",
        required=False,
        max_length=MAX_CHARS,
        help_text="An https address of an archive, a git repository (https, ssh, git@host:path), a name in the index, "
        "or the absolute path of a folder or archive on the server.",
        widget=forms.TextInput(attrs={"placeholder": "https://…", "spellcheck": "false", "autocomplete": "off"}),
    )
    ref = forms.CharField(
        label="Ref",
        required=False,
        max_length=200,
        help_text="Of git a branch, tag or commit; of the index a version.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    force = forms.BooleanField(
        label="Replace this version if its content differs",
        required=False,
        help_text="Without it, other content needs another version in pack.yaml.",
    )
    dry_run = forms.BooleanField(
        label="Dry run", required=False, help_text="Checks everything and says what would change; changes nothing."
    )

    def clean(self) -> dict[str, Any]:
        values = cast(dict[str, Any], super().clean())
        if not self.errors and bool(values.get("archive")) == bool(values.get("source")):
            self.add_error("source", "Either choose an archive or say where the pack is.")
        return values


class PackInstallPage(Page):
    verbs = {"GET": Verb.PACK_INSTALL, "POST": Verb.PACK_INSTALL}
    template_name = "console/pack_install.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        given = request.GET
        return self._form(InstallForm(initial={name: given[name] for name in InstallForm.base_fields if name in given}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = InstallForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._form(form, status=400)
        try:
            operation = self._asked(form.cleaned_data)
        except Invalid as error:
            form.add_refusal(error)
            return self._form(form, status=400)
        messages.info(request, "The installation is on its way.")
        return HttpResponseRedirect(reverse("admin:operation", args=[operation.pk]))

    def _asked(self, wish: JsonObject) -> Operation:
        flags = {"force": wish["force"], "dry_run": wish["dry_run"]}
        if archive := wish["archive"]:
            most = settings.ATTUNE_MAX_UPLOAD_BYTES
            return request_installation_of_upload(self.identity, archive, max_bytes=most, **flags)
        return request_installation(self.identity, source=wish["source"], ref=wish["ref"], **flags)

    def _form(self, form: InstallForm, *, status: int = 200) -> HttpResponse:
        parents = [Parent("Packs", reverse("admin:packs"))]
        return self.show("Install a pack", parents=parents, status=status, form=form)
