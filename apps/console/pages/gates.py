"""Gates: who waits for what, who holds it, and the limit between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may, require
from apps.console.limits import MOST, move_limit
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.core.errors import NotFound
from apps.core.redis import RedisAway, is_reachable
from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.busy_gates import gates_with_a_line
from apps.executions.gate_keys import may_see_keys, shown_key
from apps.executions.models import Execution, Gate
from apps.executions.models.policy import MOST_IN_WINDOW
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.states import HOLDS_SLOT, IN_LINE
from apps.executions.statistics import estimate_s, gate_stats, lately_at, usual_durations

#: Lines shown above the list of all gates.
_LINES = 50
#: Places of a line on one page, and holders shown.
_PLACES = 100
_AWAY = "Redis cannot be reached. What is shown comes from the database; nobody is let in until it is back."
_REBUILT = "The lines are being built anew from the database, which is what is shown."


class GatesPage(Page):
    """First those with a line, the longest first; then all, newest first."""

    verbs = {"GET": Verb.GATE_VIEW}
    template_name = "console/gates.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("q", "").replace("\0", "").strip()[:100]
        given = request.GET.get("policy", "")
        policy = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
        away = "" if is_reachable() else _AWAY
        gates = Gate.objects.visible_to(self.identity).select_related("policy")
        sees_keys = may_see_keys(self.identity)
        page = page_of(_narrowed(gates, wanted, policy, sees_keys=sees_keys), request.GET)
        busy = gates_with_a_line(containing=wanted, policy=policy, in_keys=sees_keys) if page.is_first else []
        first = gates.in_bulk(busy[:_LINES])
        told = self._stats([*(first[pk] for pk in busy if pk in first), *page.rows])
        return self.show(
            "Gates",
            page=page,
            busy=[(first[pk], told[pk]) for pk in busy if pk in first],
            more_busy=len(busy) > _LINES,
            all=[(gate, told[gate.pk]) for gate in page.rows],
            q=wanted,
            policy=policy,
            away=away,
            sees_keys=sees_keys,
        )

    def _stats(self, gates: Sequence[Gate]) -> dict[int, JsonObject]:
        unique = {gate.pk: gate for gate in gates}
        return dict(zip(unique, gate_stats(list(unique.values()), reader=self.identity), strict=True))


def _narrowed(gates: "QuerySet[Gate]", wanted: str, policy: int | None, *, sees_keys: bool) -> "QuerySet[Gate]":
    """A key that is not shown is not searched either: trying would show it."""
    if policy is not None:
        gates = gates.filter(policy=policy)
    if wanted:
        named = Q(policy__name__icontains=wanted)
        gates = gates.filter(named | Q(key_text__icontains=wanted) if sees_keys else named)
    return gates


@dataclass(frozen=True)
class _Place:
    """`execution` is None where it is not this identity's to see."""

    position: int
    execution: Execution | None
    estimate_s: float | None = None


@dataclass(frozen=True)
class _Standing:
    """Who holds and who waits, by id; `note` says why it comes from the database, where it does."""

    holding: Sequence[int]
    waiting: Sequence[int]
    note: str = ""


class GatePage(Page):
    verbs = {"GET": Verb.GATE_VIEW, "POST": Verb.POLICY_MANAGE}
    template_name = "console/gate.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        gate = self._gate(pk)
        first = _first_place(request.GET.get("place", ""))
        standing = _standing(gate, first)
        rows = Execution.objects.visible_to(self.identity).in_bulk([*standing.holding, *standing.waiting])
        stats = gate_stats([gate], reader=self.identity)[0]
        key = shown_key(gate, self.identity)
        return self.show(
            f"{gate.policy.name} {key}".strip(),
            parents=[Parent("Gates", reverse("admin:gates"))],
            gate=gate,
            key=key,
            policy=gate.policy,
            stats=stats,
            holders=[rows.get(pk) for pk in standing.holding],
            places=_places(standing.waiting, rows, first=first, gate=gate),
            first=first,
            earlier=max(1, first - _PLACES) if first > 1 else None,
            later=first + _PLACES if stats["waiting"] >= first + _PLACES else None,
            note=standing.note,
            may_manage=may(self.identity, Verb.POLICY_MANAGE, on=gate.policy),
            most=MOST_IN_WINDOW if gate.policy.is_rate else MOST,
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        gate = self._gate(pk)
        require(self.identity, Verb.POLICY_MANAGE, on=gate.policy)
        text = move_limit(gate.policy, request.POST)
        if not is_reachable():
            messages.warning(request, "Redis cannot be reached; the lines hear of it as soon as it is back.")
        return self.done(text, reverse("admin:gate", args=[gate.pk]))

    def _gate(self, pk: int) -> Gate:
        gate = Gate.objects.visible_to(self.identity).select_related("policy").filter(pk=pk).first()
        if gate is None:
            raise NotFound(f"There is no gate {pk}; an idle one is forgotten after an hour.")
        return gate


def _first_place(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _standing(gate: Gate, first: int) -> _Standing:
    """The places from `first` on, and the holders."""
    try:
        waiting = lines.slots().line(gate.pk, most=first - 1 + _PLACES)
        holding = [grant.execution for grant in lines.slots().holders(gate.pk, most=_PLACES)]
        return _Standing(sorted(holding), waiting[first - 1 :])
    except RedisAway:
        note = _AWAY
    except StaleEpoch:
        note = _REBUILT
    here = Execution.objects.filter(gate=gate, number__isnull=False).order_by("number").values_list("pk", flat=True)
    waiting = list(here.filter(status__in=IN_LINE)[first - 1 : first - 1 + _PLACES])
    return _Standing(list(here.filter(status__in=HOLDS_SLOT)[:_PLACES]), waiting, note)


def _places(waiting: Sequence[int], rows: Mapping[int, Execution], *, first: int, gate: Gate) -> list[_Place]:
    lately = lately_at([gate]).get(gate.pk)
    duration = None if gate.policy.is_rate else usual_durations([gate.pk]).get(gate.pk)
    return [
        _Place(at, rows.get(pk), estimate_s(gate, at, duration_s=duration, lately=lately))
        for at, pk in enumerate(waiting, start=first)
    ]
