"""Who uses a pack, or an action of it: asked before something is taken away. The rooms above tell what they know."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.core.errors import Conflict
from apps.core.types import JsonObject

#: Uses told at most.
MOST_TOLD = 100


@dataclass(frozen=True)
class Use:
    """`kind` is `pack`, `action`, `rule` or `execution`, `name` its ref or id, `text` says how it uses it; `runtime` is
    that of the pack which it uses."""

    kind: str
    name: str
    text: str
    runtime: str = ""

    def as_json(self) -> JsonObject:
        return {"kind": self.kind, "name": self.name, "text": self.text}


class InUse(Conflict):
    """It is in use."""

    code = "in_use"


#: What a removal that is forced does.
REMOVED = "it is removed all the same; what runs goes on to its end"

#: Gets the ref of a pack, and of an action of it where only that is meant.
Finder = Callable[[str, str | None], Iterable[Use]]
#: Gets the ref of a pack; the digests of those of its versions that something is pinned to.
Holder = Callable[[str], set[str]]

_finders: list[Finder] = []
_holders: list[Holder] = []


def register(finder: Finder) -> None:
    if finder not in _finders:
        _finders.append(finder)


def register_holder(holder: Holder) -> None:
    if holder not in _holders:
        _holders.append(holder)


def uses_of(pack_ref: str, *, action_ref: str | None = None) -> list[Use]:
    return [use for finder in _finders for use in finder(pack_ref, action_ref)]


def held_versions(pack_ref: str) -> set[str]:
    """Digests of versions that live executions and the like are pinned to."""
    return {digest for holder in _holders for digest in holder(pack_ref)}


def refuse_used(name: str, uses: list[Use], *, forced: str) -> None:
    """Raises `InUse` with the list, which says what to look at before it is forced, and what is `forced` then."""
    if not uses:
        return
    told = "; ".join(f"{use.kind} {use.name} {use.text}" for use in uses[:3])
    more = f"; and {len(uses) - 3} more" if len(uses) > 3 else ""
    listed = [use.as_json() for use in uses[:MOST_TOLD]]
    detail = f"{name} is in use: {told}{more}. With force {forced}."
    raise InUse(detail, uses=listed, count=len(uses))
