"""A pack's configuration: a form made of its `config.schema.yaml`. Secret fields are written and never shown."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page, Parent
from apps.console.schema_form import SchemaForm
from apps.core.errors import Invalid
from apps.packs.models import Pack
from apps.packs.services.config import set_config, show_config
from apps.packs.services.manage import UnknownPack, get_pack


class PackConfigPage(Page):
    verbs = {"GET": Verb.PACK_MANAGE, "POST": Verb.PACK_MANAGE}
    template_name = "console/pack_config.html"

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        pack = self._pack(ref)
        return self._page(pack, self._form(pack))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        pack = self._pack(ref)
        form = self._form(pack)
        values = form.read(request.POST)
        if form.is_valid:
            try:
                set_config(pack, values, by=self.identity)
            except Invalid as error:
                form.tell(error.errors)
            else:
                return self.done("Saved; it holds for what starts from now on.", reverse("admin:pack", args=[pack.ref]))
        return self._page(pack, form, status=400)

    def _pack(self, ref: str) -> Pack:
        if "\0" in ref:
            raise UnknownPack
        return get_pack(self.identity, ref)

    def _form(self, pack: Pack) -> SchemaForm:
        config = show_config(pack)
        shown = {name: value for name, value in config.values.items() if name not in config.schema.secrets}
        kept = config.schema.secrets & set(config.values)
        return SchemaForm(config.schema, values=shown, kept=kept, kept_from="what was saved", pointer="/values")

    def _page(self, pack: Pack, form: SchemaForm, *, status: int = 200) -> HttpResponse:
        address = reverse("admin:pack", args=[pack.ref])
        parents = [Parent("Packs", reverse("admin:packs")), Parent(pack.ref, address)]
        return self.show(f"Configure {pack.label}", parents=parents, status=status, form=form, pack=pack, back=address)
