"""Webhooks: where others post, how to do it, what came of each delivery. A secret is shown in the answer that made it
and nowhere else: so that answer is a page, not a redirect."""

from datetime import timedelta

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.permissions import Verb, may
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_by_name, page_of
from apps.console.webhook_forms import NewWebhookForm, RotationForm, WebhookForm
from apps.console.webhook_words import curl_of
from apps.core.errors import AttuneError, Invalid
from apps.core.types import JsonObject
from apps.rules.models import Rule
from apps.triggers.models import Webhook, WebhookDelivery
from apps.triggers.types import digest_of
from apps.triggers.webhooks.proof import TYPE_REF
from apps.triggers.webhooks.services import (
    Secreted,
    UnknownWebhook,
    WebhookTaken,
    change_webhook,
    create_webhook,
    delete_webhook,
    rotate_secret,
)

#: Rules shown on the page of a webhook.
_RULES = 50


class WebhooksPage(Page):
    verbs = {"GET": Verb.WEBHOOK_VIEW}
    template_name = "console/webhooks.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("q", "").replace("\0", "").strip()[:100]
        newest = WebhookDelivery.objects.filter(webhook=OuterRef("pk")).order_by("-pk")
        rows = Webhook.objects.visible_to(self.identity).select_related("created_by").annotate(
            last_at=Subquery(newest.values("at")[:1]), last_outcome=Subquery(newest.values("outcome")[:1])
        )  # fmt: skip
        if wanted:
            rows = rows.filter(url__icontains=wanted)
        page = page_by_name(rows, request.GET, name="url")
        return self.show("Webhooks", page=page, q=wanted, may_manage=may(self.identity, Verb.WEBHOOK_MANAGE))


class _WebhookShown(Page):
    """The page of one webhook."""

    def page(
        self,
        webhook: Webhook,
        *,
        status: int = 200,
        secret: str = "",
        form: WebhookForm | None = None,
        rotation: RotationForm | None = None,
    ) -> HttpResponse:
        return self.show(
            webhook.url, parents=[_parent()], status=status, template="console/webhook.html", webhook=webhook,
            form=form or WebhookForm(initial=WebhookForm.initial_of(webhook)), rotation=rotation or RotationForm(),
            may_manage=may(self.identity, Verb.WEBHOOK_MANAGE, on=webhook),
            **self._address(webhook, secret), **self._about(webhook), **self._log(webhook),
        )  # fmt: skip

    def _address(self, webhook: Webhook, secret: str) -> JsonObject:
        origin = settings.ATTUNE_BASE_URL or self.request.build_absolute_uri("/").rstrip("/")
        address = f"{origin}/api/v1/webhooks/{webhook.url}"
        return {
            "here": reverse("admin:webhook", args=[webhook.pk]),
            "address": address,
            "secret": secret,
            "curl": curl_of(webhook, address, secret=secret, has_secret=bool(webhook.secrets.all())),
        }

    def _about(self, webhook: Webhook) -> JsonObject:
        now, digest = timezone.now(), digest_of({"url": webhook.url})
        rules = Rule.objects.visible_to(self.identity).in_force()
        listening = rules.filter(trigger__type__ref=TYPE_REF, trigger__digest=digest).order_by("ref")
        return {
            "secrets": [row for row in webhook.secrets.all() if row.counts(now)],
            "rules": list(listening[: _RULES + 1]),
            "most_rules": _RULES,
        }

    def _log(self, webhook: Webhook) -> JsonObject:
        outcome, rows = self.request.GET.get("outcome", ""), WebhookDelivery.objects.filter(webhook=webhook)
        if outcome in WebhookDelivery.Outcome.values:
            rows = rows.filter(outcome=outcome)
        page = page_of(rows, self.request.GET)
        return {"page": page, "outcome": outcome, "outcomes": WebhookDelivery.Outcome.values}


class NewWebhookPage(_WebhookShown):
    verbs = {"GET": Verb.WEBHOOK_MANAGE, "POST": Verb.WEBHOOK_MANAGE}
    template_name = "console/webhook_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(NewWebhookForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewWebhookForm(request.POST)
        if form.is_valid():
            try:
                made = create_webhook(self.identity, **form.cleaned_data)
            except WebhookTaken as error:
                form.add_error("url", error.detail)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return self._made(made)
        return self._form(form, status=400)

    def _made(self, made: Secreted) -> HttpResponse:
        self.acted_on = made.webhook.url
        if made.secret:
            return self.page(made.webhook, secret=made.secret)
        return self.done(f"{made.webhook.url} is made.", reverse("admin:webhook", args=[made.webhook.pk]))

    def _form(self, form: NewWebhookForm, *, status: int = 200) -> HttpResponse:
        return self.show("New webhook", parents=[_parent()], status=status, form=form)


class WebhookPage(_WebhookShown):
    """One webhook. Changes it, gives it another secret, or ends it."""

    verbs = {"GET": Verb.WEBHOOK_VIEW, "POST": Verb.WEBHOOK_MANAGE}
    template_name = "console/webhook.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.page(self._webhook(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        webhook = self._webhook(pk)
        match request.POST.get("deed"):
            case "change":
                return self._change(webhook)
            case "rotate":
                return self._rotate(webhook)
            case "enable" | "disable" as deed:
                change_webhook(webhook, by=self.identity, is_enabled=deed == "enable")
                return self.done(f"{webhook.url} {_SWITCHED[deed]}", reverse("admin:webhook", args=[pk]))
            case "delete":
                delete_webhook(webhook, by=self.identity)
                return self.done(f"{webhook.url} is deleted; its events stay.", reverse("admin:webhooks"))
        raise Invalid("Say what is to be done: change, rotate, enable, disable or delete.")

    def _change(self, webhook: Webhook) -> HttpResponse:
        form = WebhookForm(self.request.POST)
        if form.is_valid():
            try:
                change_webhook(webhook, by=self.identity, **form.cleaned_data)
            except Invalid as error:
                form.add_refusal(error)
            else:
                text = f"{webhook.url} is changed, from its next delivery on."
                return self.done(text, reverse("admin:webhook", args=[webhook.pk]))
        return self.page(webhook, form=form, status=400)

    def _rotate(self, webhook: Webhook) -> HttpResponse:
        form = RotationForm(self.request.POST)
        if not form.is_valid():
            return self.page(webhook, rotation=form, status=400)
        grace = timedelta(seconds=form.cleaned_data["grace_s"])
        made = rotate_secret(webhook, by=self.identity, secret=form.cleaned_data["secret"], grace=grace)
        if made.secret:
            return self.page(made.webhook, secret=made.secret)
        return self.done(f"{webhook.url} has a new secret.", reverse("admin:webhook", args=[webhook.pk]))

    def _webhook(self, pk: int) -> Webhook:
        rows = Webhook.objects.visible_to(self.identity).select_related("created_by").prefetch_related("secrets")
        webhook = rows.filter(pk=pk).first()
        if webhook is None:
            raise UnknownWebhook(f"There is no webhook {pk}.")
        self.acted_on = webhook.url
        return webhook

    def fallback(self) -> str:
        return reverse("admin:webhooks")


_SWITCHED = {"enable": "takes deliveries again.", "disable": "is disabled: deliveries are refused with 403."}


def _parent() -> Parent:
    return Parent("Webhooks", reverse("admin:webhooks"))
