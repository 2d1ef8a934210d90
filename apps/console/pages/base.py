"""What the console's own pages have in common: who may see them, how they are shown, what an error looks like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast
from urllib.parse import urljoin

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from apps.accounts.models import Identity
from apps.accounts.permissions import PasswordChangeRequired, Verb, require
from apps.audit.boundary import record_request
from apps.console.site import ConsoleSite
from apps.core.errors import AttuneError
from apps.core.problem import status_of


@dataclass(frozen=True)
class Parent:
    """A link above the title, to where this page belongs."""

    title: str
    url: str


class Page(View):
    """One page. `get` and `post` may raise any `AttuneError`: the first becomes a page that says so, after `post` a
    message above the page the form stood on."""

    site: ConsoleSite = cast(ConsoleSite, None)  # given by the URL configuration
    #: By method, as in the REST API; a page without a verb for a method does not have it.
    verbs: ClassVar[Mapping[str, Verb]]
    template_name: ClassVar[str]
    #: The ref of what a deed was done to, where the address does not have it.
    acted_on = ""
    #: The verb of a deed that only the form names; else the method's is recorded.
    acted_verb: Verb | None = None
    #: A POST that only asks, with more than an address can hold, is no deed.
    is_deed: ClassVar[bool] = True

    @property
    def identity(self) -> Identity:
        return cast(Identity, self.request.user)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in self.verbs:
            return self.http_method_not_allowed(request)
        answer, status = self._answer(request, method, *args, **kwargs)
        if method == "POST" and self.is_deed:
            on = self.acted_on or "/".join(str(value) for value in kwargs.values())
            facts = {"request": f"POST {request.path}"[:_LONGEST_FACT]}
            verb = self.acted_verb or self.verbs[method]
            record_request(verb, by=self.identity, on=on, status=status, facts=facts)
        return answer

    def _answer(self, request: HttpRequest, method: str, *args: Any, **kwargs: Any) -> tuple[HttpResponseBase, int]:
        """The answer, and how it went as an HTTP status: a deed that was refused leads back to its page by a 302."""
        try:
            require(self.identity, self.verbs[method])
            answer = super().dispatch(request, *args, **kwargs)
            return answer, answer.status_code
        except PasswordChangeRequired as error:
            return HttpResponseRedirect(reverse("admin:password_change")), status_of(error)
        except AttuneError as error:
            status = status_of(error)
            return (self.refused(error) if method == "POST" else self.failed(status, error.detail)), status
        except Http404:
            return self.failed(404, "There is no such thing, or it is not yours to see."), 404

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A deed's address that is only looked at leads to the page of its object, one step up: whoever has to log in
        before a deed comes back with a GET."""
        if request.method in ("GET", "HEAD"):
            messages.warning(request, "Nothing was done: ask for it again here.")
            return HttpResponseRedirect(urljoin(request.path, "../"))
        response = self.failed(405, "This page does not take what was sent to it.")
        response["Allow"] = ", ".join(self.verbs)
        return response

    def show(
        self, title: str, *, parents: Sequence[Parent] = (), status: int = 200, template: str = "", **context: Any
    ) -> TemplateResponse:
        """The page's template in the console's frame."""
        whole = {**self.site.each_context(self.request), "title": title, "parents": parents, **context}
        return TemplateResponse(self.request, template or self.template_name, whole, status=status)

    def failed(self, status: int, detail: str) -> HttpResponse:
        return self.show(_TITLES.get(status, "This did not work"), status=status, template=_ERROR, detail=detail)

    def refused(self, error: AttuneError) -> HttpResponse:
        """Back to the page the form stood on, with what went wrong as a message."""
        for text in (error.detail, *(str(getattr(item, "detail", item)) for item in error.errors)):
            messages.error(self.request, text)
        return self.back()

    def done(self, text: str, url: str = "") -> HttpResponse:
        """On to `url`, or back, with a message that says what was done."""
        messages.success(self.request, text)
        return HttpResponseRedirect(url) if url else self.back()

    def back(self) -> HttpResponse:
        """To the page the form stood on; never to another site."""
        referer = self.request.headers.get("Referer", "")
        is_ours = url_has_allowed_host_and_scheme(referer, allowed_hosts={self.request.get_host()})
        return HttpResponseRedirect(referer if is_ours else self.fallback())

    def fallback(self) -> str:
        return "/admin/"


_LONGEST_FACT = 500
_ERROR = "console/error.html"
_TITLES = {
    403: "You may not see this",
    404: "Nothing here",
}
