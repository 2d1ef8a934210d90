"""A grant: a verb and where it holds, written `execution.run@pack:aws`. Pure; knows no database.

Without `@` a grant holds for everything. The verb may be `resource.*`, or `*` for all there are and will be.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

#: The kinds of scope that a verb can be given in, besides everything; by verb, else by resource.
#: What is not here has no pack, no ref and no owner, so its verbs hold everywhere or not at all.
SCOPES: dict[str, frozenset[str]] = {
    "action": frozenset({"pack", "ref"}),
    "environment": frozenset({"pack"}),
    "event": frozenset({"pack", "ref"}),
    "execution": frozenset({"pack", "ref", "own"}),
    "execution.run": frozenset({"pack", "ref"}),
    "gate": frozenset({"pack", "ref"}),
    "key": frozenset({"pack", "ref"}),
    "operation": frozenset({"own"}),
    "pack": frozenset({"pack"}),
    "pack.install": frozenset(),
    "policy": frozenset({"pack", "ref"}),
    "rule": frozenset({"pack", "ref"}),
    "runtime": frozenset({"pack"}),
    "sensor": frozenset({"pack", "ref"}),
    "timer": frozenset({"pack", "ref"}),
    "token": frozenset({"own"}),
    "trigger": frozenset({"pack", "ref"}),
    "webhook": frozenset({"pack", "ref"}),
}
#: What everybody with an account may do, also without a role.
SELF = ("self.*",)
MAX_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a thing is: the ref of its pack, its own ref, the id of whose it is. None: it has none."""

    pack: str | None = None
    ref: str | None = None
    owner_id: int | None = None

    def __str__(self) -> str:
        return self.ref or self.pack or "this"


@dataclass(frozen=True)
class Grant:
    """`kind` is everything, pack, ref or own; `name` the ref of the first two of the latter."""

    verb: str
    kind: str = "everything"
    name: str = ""

    def __str__(self) -> str:
        if self.kind == "everything":
            return self.verb
        return f"{self.verb}@{self.kind}:{self.name}" if self.name else f"{self.verb}@{self.kind}"

    def gives(self, verb: str) -> bool:
        """Whether it gives `verb` somewhere."""
        if self.kind != "everything" and self.kind not in scopes_of(verb):
            return False
        return _includes(self.verb, verb)

    def holds_at(self, place: Place, *, identity_id: int | None) -> bool:
        match self.kind:
            case "everything":
                return True
            case "pack":
                return place.pack is not None and place.pack == self.name
            case "ref":
                return place.ref is not None and place.ref == self.name
        return place.owner_id is not None and place.owner_id == identity_id

    def covers(self, other: "Grant") -> bool:
        """Whether who has this one has `other` too. A pack covers no ref: refs are never taken apart."""
        if self.kind != "everything" and (self.kind, self.name) != (other.kind, other.name):
            return False
        return _includes(self.verb, other.verb)


class NoGrant(ValueError):
    """The text is no grant; the message says why."""


def scopes_of(verb: str) -> frozenset[str]:
    return SCOPES.get(verb, SCOPES.get(verb.partition(".")[0], frozenset()))


def parse(text: str, *, verbs: Collection[str]) -> Grant:
    """The grant in `text`; `verbs` are those there are. Raises `NoGrant`."""
    verb, at, scope = text.partition("@")
    if len(text) > MAX_LENGTH or not text.isprintable() or text != text.strip():
        raise NoGrant("a verb, and perhaps where: `execution.run@pack:aws`")
    matching = [known for known in verbs if _includes(verb, known)]
    if not matching:
        raise NoGrant(f"there is no verb {verb[:100]}")
    grant = _scoped(verb, scope) if at else Grant(verb)
    if grant.kind != "everything" and not any(grant.kind in scopes_of(known) for known in matching):
        raise NoGrant(f"{verb} cannot be given for {scope[:100]}: it holds {_places(matching)}")
    return grant


def read(texts: Iterable[str]) -> tuple[Grant, ...]:
    """Grants that were checked when they were kept. What another version of Attune knew gives nothing here."""
    return tuple(_scoped(verb, scope) if at else Grant(verb) for verb, at, scope in (t.partition("@") for t in texts))


def covered(wanted: Iterable[Grant], *, by: Collection[Grant]) -> list[Grant]:
    """Those of `wanted` that `by` does not have."""
    return [grant for grant in wanted if not any(own.covers(grant) for own in by)]


def _scoped(verb: str, scope: str) -> Grant:
    kind, _, name = scope.partition(":")
    if (kind in ("pack", "ref") and name) or (kind == "own" and scope == "own"):
        return Grant(verb, kind, name)
    if scope == "everything":
        return Grant(verb)
    raise NoGrant(f"{scope[:100]!r} is no scope: everything, pack:<ref>, ref:<ref> or own")


def _places(verbs: Iterable[str]) -> str:
    kinds = sorted({kind for verb in verbs for kind in scopes_of(verb)})
    return " or ".join(["everywhere", *kinds])


def _includes(pattern: str, verb: str) -> bool:
    return pattern in ("*", verb) or (pattern.endswith(".*") and verb.startswith(pattern[:-1]))
