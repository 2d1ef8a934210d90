"""Every view names its verb for every method, and every read of a user's begins with `visible_to`."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern

from apps.accounts.permissions import Verb
from apps.api import urls
from apps.api.auth.views import LoginView
from apps.api.permissions import VerbPermission, verb_of
from apps.api.views import ListView, View
from apps.api.webhooks.views import WebhookView

#: Open to everybody, with the reason.
OPEN = {LoginView: "whoever logs in is not known yet"}
#: Methods that ask for no identity, with the reason.
OPEN_METHODS = {(WebhookView, "POST"): "who posts to a webhook proves what that webhook asks for"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def views() -> Iterator[type[View]]:
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
        if isinstance(view, type) and issubclass(view, View):
            yield view


@pytest.mark.parametrize("view", sorted(set(views()), key=str))
def test_a_view_names_a_verb_for_each_of_its_methods_and_no_other(view: type[View]) -> None:
    methods = {method for method in METHODS if hasattr(view, method.lower())}
    if view in OPEN:
        return
    assert view.open_methods == {method for method in methods if (view, method) in OPEN_METHODS}
    assert set(view.verbs) == methods - view.open_methods
    assert all(isinstance(verb_of(view, method), Verb) for method in view.verbs)
    assert tuple(view.permission_classes) == (VerbPermission,)


@pytest.mark.parametrize("view", sorted((view for view in set(views()) if issubclass(view, ListView)), key=str))
def test_a_list_begins_with_what_the_identity_may_see(view: type[ListView]) -> None:
    assert ".visible_to(" in inspect.getsource(view.queryset_for)


def test_every_address_of_the_api_is_covered() -> None:
    covered: set[Any] = set(views())
    assert len(covered) > 30
