"""API tokens: made, shown once, ended."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import ApiToken
from apps.accounts.permissions import Verb
from apps.accounts.services.tokens import IssuedToken, issue_token, revoke_token
from apps.console.forms import ConsoleForm
from apps.console.pages.base import Page
from apps.console.paging import page_of
from apps.core.errors import AttuneError, Invalid, NotFound


class TokenForm(ConsoleForm):
    name = forms.CharField(
        max_length=100, label="Name", help_text="What it is for, so that you know it again: deploy script on ci-3."
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Expires (UTC)",
        help_text="Left empty, it works until it is revoked.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    grants = forms.CharField(
        required=False,
        label="May only",
        help_text="Grants, one a line: execution.run@pack:aws. Left empty, all that you may.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def clean_grants(self) -> list[str] | None:
        return [line.strip() for line in self.cleaned_data["grants"].splitlines() if line.strip()] or None


class TokensPage(Page):
    """Your own, for administrators everybody's. A new token's text stands in the answer that made it and nowhere else:
    so that answer is a page, not a redirect."""

    verbs = {"GET": Verb.TOKEN_VIEW, "POST": Verb.TOKEN_MANAGE}
    template_name = "console/tokens.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._list(TokenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        if "revoke" in request.POST:
            return self._revoke(request.POST["revoke"])
        form = TokenForm(request.POST)
        if not form.is_valid():
            return self._list(form, status=400)
        try:
            issued = issue_token(self.identity, by=self.identity, **form.cleaned_data)
        except AttuneError as error:
            if error.errors:
                form.add_refusal(error)
            else:
                form.add_error("expires_at" if isinstance(error, Invalid) else "grants", error.detail)
            return self._list(form, status=400)
        return self._list(TokenForm(), issued=issued)

    def _revoke(self, given: str) -> HttpResponse:
        if not (given.isascii() and given.isdigit() and len(given) < 19):
            raise NotFound
        revoke_token(self.identity, token_id=int(given))
        return self.done("The token is revoked; nothing can use it any more.", reverse("admin:tokens"))

    def _list(self, form: TokenForm, *, issued: IssuedToken | None = None, status: int = 200) -> HttpResponse:
        rows = ApiToken.objects.visible_to(self.identity).select_related("identity").defer("secret_sha256")
        context: dict[str, Any] = {"page": page_of(rows, self.request.GET), "form": form, "issued": issued}
        return self.show("Tokens", status=status, now=timezone.now(), **context)
