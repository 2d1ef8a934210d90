"""Nobody gives what they do not have: what every service asks that gives, takes or limits rights."""

from collections.abc import Iterable, Sequence

from apps.accounts.grants import SELF, Grant, NoGrant, parse, read
from apps.accounts.models import Identity, Role
from apps.accounts.permissions import Verb
from apps.accounts.rights import rights_of, rights_without_token
from apps.core.errors import FieldError, Forbidden, Invalid

_EVERYBODYS = frozenset(read(SELF))
#: Most grants of one role or token.
MAX_GRANTS = 200


class NotYoursToGive(Forbidden):
    """Nobody can grant more than they have."""

    code = "not_yours_to_give"


def checked_grants(texts: Sequence[str], *, pointer: str = "/grants") -> tuple[Grant, ...]:
    """The grants in `texts`, each once. Raises `Invalid` with a pointer for each that is none."""
    found: dict[Grant, None] = {}
    errors = []
    for index, text in enumerate(texts):
        try:
            found[parse(text, verbs=list(Verb))] = None
        except NoGrant as error:
            errors.append(FieldError(f"{pointer}/{index}", "no_grant", str(error)))
    if len(texts) > MAX_GRANTS:
        errors.append(FieldError(pointer, "max_length", f"{len(texts)} grants; at most {MAX_GRANTS} are taken"))
    if errors:
        raise Invalid("Not every grant can be given.", errors=errors)
    return tuple(found)


def require_all(identity: Identity, grants: Iterable[Grant]) -> None:
    """Raises `NotYoursToGive` unless `identity` has all of `grants`; what everybody has is nobody's to give."""
    wanted = tuple(grant for grant in grants if grant not in _EVERYBODYS)
    if missing := rights_of(identity).missing(wanted):
        raise beyond(identity, missing)


def require_roles(identity: Identity, roles: Iterable[Role]) -> None:
    require_all(identity, [grant for role in roles for grant in read(role.grants)])


def require_no_less(identity: Identity, other: Identity) -> None:
    """Raises `NotYoursToGive` when `other` may more than `identity`: who could set the password of somebody who may
    more, would have it."""
    if identity.pk != other.pk:
        require_all(identity, rights_without_token(other).layers[0])


def beyond(identity: Identity, missing: Sequence[Grant]) -> NotYoursToGive:
    named = ", ".join(str(grant) for grant in missing[:5])
    return NotYoursToGive(f"{identity.username} does not have {named}, so cannot give, take or stand over it.")
