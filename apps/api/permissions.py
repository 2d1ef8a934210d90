"""Asks for the verb that each view names for each of its methods."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, require


class VerbPermission(BasePermission):
    """A view has `verbs = {"GET": Verb.…}`; a method without a verb is for nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, Identity):
            return False
        verb = verb_of(view, request.method or "")
        if verb is None:
            return request.method not in view.allowed_methods
        require(request.user, verb)
        return True


def verb_of(view: Any, method: str) -> Verb | None:
    verbs: dict[str, Verb] = getattr(view, "verbs", {})
    return verbs.get("GET" if method in ("HEAD", "OPTIONS") else method)
