"""What an identity has been given, as of one request: layers of grants, and how they narrow a query.

One query for the roles of somebody who is no administrator; kept with the object, so a request asks once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from apps.accounts.grants import SELF, Grant, Place, read
from apps.core.fixed_query import FixedQuery

if TYPE_CHECKING:
    from apps.accounts.models import Identity, Role

_ALL = (Grant("*"),)
_SELF = read(SELF)
#: A token of every kind may ask whose it is.
_WHO_AM_I = Grant("self.view")
_NOTHING = Q(pk__in=[])


@dataclass(frozen=True)
class Columns:
    """Where a table keeps what scopes are about; a callable makes the condition itself from a list of refs."""

    pack: Any = None
    ref: Any = None
    owner: str | None = None


@dataclass(frozen=True)
class Rights:
    """What is asked for must be in every layer: the identity's roles, its token, what the token was issued by."""

    identity_id: int | None
    layers: tuple[tuple[Grant, ...], ...]

    def anywhere(self, verb: str) -> bool:
        return all(any(grant.gives(verb) for grant in layer) for layer in self.layers)

    def everywhere(self, verb: str) -> bool:
        return all(any(grant.kind == "everything" and grant.gives(verb) for grant in layer) for layer in self.layers)

    def at(self, verb: str, place: Place) -> bool:
        return all(
            any(grant.gives(verb) and grant.holds_at(place, identity_id=self.identity_id) for grant in layer)
            for layer in self.layers
        )

    def has(self, wanted: Grant) -> bool:
        return all(any(own.covers(wanted) for own in layer) for layer in self.layers)

    def missing(self, wanted: "tuple[Grant, ...]") -> list[Grant]:
        """Those of `wanted` that are not in every layer."""
        return [grant for grant in wanted if not self.has(grant)]

    def narrow(self, verb: str, columns: Columns) -> Q:
        """The rows of a table for which `verb` holds."""
        condition = Q()
        for layer in self.layers:
            condition &= self._of_layer([grant for grant in layer if grant.gives(verb)], columns)
        return condition

    def _of_layer(self, grants: list[Grant], columns: Columns) -> Q:
        if any(grant.kind == "everything" for grant in grants):
            return Q()
        condition = _NOTHING
        for kind, column in (("pack", columns.pack), ("ref", columns.ref)):
            names = sorted({grant.name for grant in grants if grant.kind == kind})
            if names and column is not None:
                part = column(names) if callable(column) else Q(**{f"{column}__in": names})
                condition = part if condition is _NOTHING else condition | part
        if columns.owner is not None and any(grant.kind == "own" for grant in grants):
            part = Q(**{columns.owner: self.identity_id})
            condition = part if condition is _NOTHING else condition | part
        return condition


def rights_of(identity: "Identity") -> Rights:
    """As of the first time it is asked of this object. Somebody switched off has none."""
    if identity.kept_rights is None:
        identity.kept_rights = _looked_up(identity)
    return identity.kept_rights


def bind(identity: "Identity", limits: Sequence[Sequence[str]]) -> None:
    """From now on it may no more than each of `limits` allows too: as with the token that somebody asked with."""
    of_token = tuple((*read(grants), _WHO_AM_I) for grants in limits)
    identity.kept_rights = Rights(identity.pk, (*rights_of(identity).layers, *of_token))


def rights_without_token(identity: "Identity") -> Rights:
    """What its roles alone give."""
    return Rights(identity.pk, (_of_roles(identity),))


def _looked_up(identity: "Identity") -> Rights:
    if not identity.is_active:
        return Rights(identity.pk, ((),))
    if identity.must_change_password_first:
        return Rights(identity.pk, (_SELF,))
    limits = identity.token.layers if identity.token is not None else ()
    return Rights(identity.pk, (_of_roles(identity), *((*layer, _WHO_AM_I) for layer in limits)))


def _of_roles(identity: "Identity") -> tuple[Grant, ...]:
    if identity.is_superuser:
        return _ALL
    return (*_SELF, *dict.fromkeys(grant for role in grants_held(identity.pk) for grant in read(role)))


def grants_held(identity_id: int) -> list[list[str]]:
    """Those of each role that the identity holds now, itself or by its groups."""
    return [role.grants for role in _held()(identity=identity_id)]


@cache
def _held() -> "FixedQuery[Role]":
    from apps.accounts.models import Role

    return FixedQuery(lambda identity: Role.objects.held_by(identity).only("pk", "grants"), identity="number")
