"""What becomes of a pack: upgraded, rolled back, removed; and its icon."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page, Parent
from apps.core.errors import Invalid, NotFound
from apps.core.types import JsonObject
from apps.operations.models import Operation
from apps.packs import uses
from apps.packs.icon import icon_of
from apps.packs.models import Pack
from apps.packs.operations import request_rollback, request_upgrade
from apps.packs.reserved import OWN
from apps.packs.services.manage import UnknownPack, get_pack
from apps.packs.services.remove import PackOwn, remove_pack


def _packs() -> Parent:
    return Parent("Packs", reverse("admin:packs"))


class _OfPack(Page):
    def pack(self, ref: str) -> Pack:
        if "\0" in ref:
            raise UnknownPack
        return get_pack(self.identity, ref)


class PackChangePage(_OfPack):
    """Asks for another version of a pack; leads to the operation. An upgrade is tried first, so that one can see what
    it would change."""

    verbs = {"POST": Verb.PACK_INSTALL}

    template_name = "console/pack_rollback.html"

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        pack, deed = self.pack(ref), request.POST.get("deed", "")
        try:
            operation = self._asked(pack.ref, deed)
        except uses.InUse as refusal:
            return self._asked_back(pack, refusal)
        messages.info(request, "It is on its way.")
        return HttpResponseRedirect(reverse("admin:operation", args=[operation.pk]))

    def _asked(self, ref: str, deed: str) -> Operation:
        text = {name: self.request.POST.get(name, "").replace("\0", "")[:200] for name in ("version", "ref")}
        force = self.request.POST.get("force") == "on"
        match deed:
            case "try" | "upgrade":
                trial = deed == "try"
                return request_upgrade(self.identity, pack_ref=ref, ref=text["ref"], force=force, dry_run=trial)
            case "rollback":
                return request_rollback(self.identity, pack_ref=ref, version=text["version"], force=force)
        raise Invalid("Say what is to be done: try, upgrade or rollback.")

    def _asked_back(self, pack: Pack, refusal: uses.InUse) -> HttpResponse:
        """Shows the packs that need what serves, before an earlier version is let serve."""
        found: list[JsonObject] = refusal.facts["uses"]
        return self.show(
            f"Roll back {pack.label}",
            status=409,
            parents=[_packs(), Parent(pack.ref, reverse("admin:pack", args=[pack.ref]))],
            pack=pack,
            uses=found,
            more=refusal.facts["count"] - len(found),
            version=self.request.POST.get("version", "")[:200],
        )


class PackRemovePage(_OfPack):
    """Shows what uses a pack before it is removed."""

    verbs = {"GET": Verb.PACK_INSTALL, "POST": Verb.PACK_INSTALL}
    template_name = "console/pack_remove.html"

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        pack = self.pack(ref)
        if pack.ref in OWN:
            raise PackOwn
        found, address = uses.uses_of(pack.ref), reverse("admin:pack", args=[pack.ref])
        return self.show(
            f"Remove {pack.label}",
            parents=[_packs(), Parent(pack.ref, address)],
            pack=pack,
            uses=found[: uses.MOST_TOLD],
            more=max(0, len(found) - uses.MOST_TOLD),
            back=address,
        )

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        remove_pack(self.identity, ref=self.pack(ref).ref, force=request.POST.get("force") == "on")
        return self.done(f"The pack {ref} is removed.", reverse("admin:packs"))


class PackIconPage(_OfPack):
    """Its bytes, and nothing that could make a browser take them for anything but a picture."""

    verbs = {"GET": Verb.PACK_VIEW}

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        pack = self.pack(ref)
        icon = icon_of(pack.ref, pack.current.digest) if pack.current else None
        if icon is None:
            raise NotFound(f"The pack {ref} has no icon.")
        headers = {
            "Cache-Control": "private, max-age=60",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        }
        return HttpResponse(icon, content_type="image/png", headers=headers)
