"""Why somebody may or may not: each grant of theirs that names the verb, where it comes from, and whether it counts."""

from dataclasses import dataclass

from django.utils import timezone

from apps.accounts.grants import SELF, Grant, Place, read
from apps.accounts.models import Identity, RoleAssignment
from apps.accounts.permissions import Verb


@dataclass(frozen=True)
class Reason:
    """`role` is None for what needs none. `counts` is false for a grant that holds elsewhere."""

    grant: str
    role: str | None
    group: str | None
    counts: bool


@dataclass(frozen=True)
class Answer:
    may: bool
    text: str
    reasons: tuple[Reason, ...]


def explain(identity: Identity, verb: Verb, *, place: Place | None) -> Answer:
    """Of its roles alone, as of now; a token may bind it further."""
    if not identity.is_active:
        return Answer(may=False, text=f"{identity.username} is switched off.", reasons=())
    reasons = tuple(
        Reason(str(grant), role, group, place is None or grant.holds_at(place, identity_id=identity.pk))
        for grant, role, group in _grants_of(identity)
        if grant.gives(verb)
    )
    may = any(reason.counts for reason in reasons)
    return Answer(may, _text(identity, verb, place, reasons, may=may), reasons)


def _grants_of(identity: Identity) -> list[tuple[Grant, str | None, str | None]]:
    found: list[tuple[Grant, str | None, str | None]] = [(grant, None, None) for grant in read(SELF)]
    if identity.is_superuser:
        found.append((Grant("*"), None, None))
    lasting = RoleAssignment.objects.lasting(at=timezone.now()).select_related("role", "group")
    own = lasting.filter(identity=identity)
    shared = lasting.filter(group__in=identity.groups.values("pk"))
    for assignment in (*own, *shared):
        group = assignment.group.name if assignment.group else None
        found += [(grant, assignment.role.name, group) for grant in read(assignment.role.grants)]
    return found


def _text(identity: Identity, verb: Verb, place: Place | None, reasons: tuple[Reason, ...], *, may: bool) -> str:
    name = identity.username
    if not reasons:
        return f"No role of {name} gives {verb.value}."
    if not may:
        return f"{name} has {', '.join(sorted({reason.grant for reason in reasons}))}, which does not hold here."
    if place is None and all("@" in reason.grant for reason in reasons):
        return f"{name} may {verb.value} in some places: {', '.join(sorted({r.grant for r in reasons}))}."
    return f"{name} may {verb.value}."
