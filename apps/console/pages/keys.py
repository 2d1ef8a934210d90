"""Keys: whose they are, who wrote them when. A value is written here and never shown."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from apps.accounts.permissions import Verb, may
from apps.actions.services.key_owners import orphaned, owner_of
from apps.console.forms import ConsoleForm
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.core.errors import AttuneError, NotFound
from apps.core.types import JsonValue
from apps.keys.models import Key
from apps.keys.owners import owner_of_key
from apps.keys.refs import MAX_NAME, KeyRef
from apps.keys.rotation import request_rotation
from apps.keys.services import UNCHANGED, Unchanged, Written, change_key, delete_key, set_key
from apps.runner.jsonvalue import BadValueError, load_json

_IS_SHOWN = "This key is no secret: what you set is shown over the API and not masked."


class UnseenText(forms.Textarea):
    """Takes text, and never puts what was typed into a page."""

    def format_value(self, value: object) -> str:
        return ""


class _ValueForm(ConsoleForm):
    value = forms.CharField(
        label="Value",
        strip=False,
        widget=UnseenText(attrs={"rows": 3, "class": "a-input a-unseen", "autocomplete": "off", "spellcheck": "false"}),
        help_text="It is stored encrypted and never shown here again.",
    )
    is_json = forms.BooleanField(label="The value is JSON", required=False)

    def value_of(self) -> JsonValue:
        """Raises `BadValueError`, whose text never has anything of the value."""
        text = self.cleaned_data["value"].replace("\r\n", "\n")
        if not self.cleaned_data["is_json"]:
            return text
        try:
            return load_json(text.encode(), keys_may_repeat=False)
        except BadValueError:
            raise BadValueError("This is not JSON.") from None


class _SaidForm(ConsoleForm):
    description = forms.CharField(label="Description", required=False, max_length=2000)
    expires_at = forms.DateTimeField(
        required=False,
        label="Expires (UTC)",
        help_text="From then on no action is given it. Left empty, it never expires.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class NewKeyForm(_SaidForm, _ValueForm):
    name = forms.CharField(label="Name", max_length=MAX_NAME, help_text="As actions name it in their `secrets`.")
    owner_type = forms.ChoiceField(
        label="Of", choices=[("system", "the system: for every action"), ("pack", "a pack"), ("action", "an action")]
    )
    owner_ref = forms.CharField(label="Ref of the pack or action", required=False, max_length=255)
    field_order = ("name", "owner_type", "owner_ref", "value", "is_json", "description", "expires_at")


class KeysPage(Page):
    verbs = {"GET": Verb.KEY_VIEW, "POST": Verb.KEY_MANAGE}
    template_name = "console/keys.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("q", "").replace("\0", "").strip()[:100]
        rows = Key.objects.visible_to(self.identity)
        if wanted:
            rows = rows.filter(name__icontains=wanted)
        page = page_of(rows, request.GET)
        return self.show(
            "Keys", page=page, q=wanted, gone=orphaned(page.rows), now=timezone.now(),
            may_manage=may(self.identity, Verb.KEY_MANAGE),
        )  # fmt: skip

    def post(self, request: HttpRequest) -> HttpResponse:
        """The only deed of the list: all of them are sealed anew."""
        operation = request_rotation(self.identity)
        messages.info(request, "Everything is being sealed with the first key of the keyring.")
        return HttpResponseRedirect(reverse("admin:operation", args=[operation.pk]))


class NewKeyPage(Page):
    verbs = {"GET": Verb.KEY_MANAGE, "POST": Verb.KEY_MANAGE}
    template_name = "console/key_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        given = {name: request.GET.get(name, "").replace("\0", "") for name in ("name", "owner_type", "owner_ref")}
        return self._form(NewKeyForm(initial={name: value for name, value in given.items() if value}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewKeyForm(request.POST)
        if form.is_valid():
            try:
                written = self._create(form)
            except BadValueError as error:
                form.add_error("value", str(error))
            except NotFound as error:
                form.add_error("owner_ref", error.detail)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return _done(self, written)
        return self._form(form, status=400)

    def _create(self, form: NewKeyForm) -> Written:
        wish = form.cleaned_data
        ref = KeyRef(Key.OwnerType(wish["owner_type"]), wish["owner_ref"], wish["name"])
        return set_key(
            owner_of(self.identity, ref), wish["name"], value=form.value_of(), by=self.identity, must_be_new=True,
            description=wish["description"], expires_at=wish["expires_at"],
        )  # fmt: skip

    def _form(self, form: NewKeyForm, *, status: int = 200) -> HttpResponse:
        return self.show("New key", parents=[_parent()], status=status, form=form)


class KeyPage(Page):
    """One key. A new value, what is said about it, or its end."""

    verbs = {"GET": Verb.KEY_VIEW, "POST": Verb.KEY_MANAGE}
    template_name = "console/key.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(self._key(pk), _ValueForm(), None)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        key = self._key(pk)
        if "delete" in request.POST:
            delete_key(key, by=self.identity)
            return self.done(f"{key.ref} is deleted.", reverse("admin:keys"))
        return self._set(key) if "value" in request.POST else self._change(key)

    def _set(self, key: Key) -> HttpResponse:
        form = _ValueForm(self.request.POST)
        if form.is_valid():
            try:
                written = set_key(owner_of_key(key), key.name, value=form.value_of(), by=self.identity)
            except BadValueError as error:
                form.add_error("value", str(error))
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return _done(self, written)
        return self._page(key, form, None, status=400)

    def _change(self, key: Key) -> HttpResponse:
        form = _SaidForm(self.request.POST)
        if form.is_valid():
            wish = form.cleaned_data
            # One that has passed already may stay: it was not touched.
            expires_at: Any | Unchanged = UNCHANGED if wish["expires_at"] == _to_minute(key) else wish["expires_at"]
            try:
                change_key(key, by=self.identity, description=wish["description"], expires_at=expires_at)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return self.done(f"{key.ref} is changed; its value stays.", reverse("admin:key", args=[key.pk]))
        return self._page(key, _ValueForm(), form, status=400)

    def _key(self, pk: int) -> Key:
        key = Key.objects.visible_to(self.identity).filter(pk=pk).first()
        if key is None:
            raise NotFound
        self.acted_on = key.ref
        return key

    def _page(
        self, key: Key, value_form: _ValueForm, said_form: _SaidForm | None, *, status: int = 200
    ) -> HttpResponse:
        said = {"description": key.description, "expires_at": key.expires_at}
        if not key.is_encrypted:
            value_form.fields["value"].help_text = _IS_SHOWN
        return self.show(
            key.ref, parents=[_parent()], status=status, key=key, form=value_form,
            said_form=said_form or _SaidForm(initial=said), versions=key.versions.select_related("created_by"),
            is_orphaned=bool(orphaned([key])), is_expired=key.is_expired(timezone.now()),
            may_manage=may(self.identity, Verb.KEY_MANAGE, on=key),
        )  # fmt: skip


def _to_minute(key: Key) -> Any:
    """As the form shows it."""
    return key.expires_at.replace(second=0, microsecond=0) if key.expires_at else None


def _done(page: Page, written: Written) -> HttpResponse:
    for warning in written.warnings:
        messages.warning(page.request, warning)
    page.acted_on = written.key.ref
    text = f"{written.key.ref} is {'made' if written.is_new else 'set'}; this is version {written.key.version}."
    return page.done(text, reverse("admin:key", args=[written.key.pk]))


def _parent() -> Parent:
    return Parent("Keys", reverse("admin:keys"))
