"""The event side: from what happens to the execution it starts, webhooks in numbers, many rules on one trigger.

The floor of each is what the same Attune does without what is measured, in turn with it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.crowd import TRIGGER, crowd, payload
from bench.event_records import Records, Way, records_of
from bench.figures import Budget, Figure, at_least, at_most, milliseconds
from bench.flood import Accepted, Post, flood
from bench.private_attune import BENCH_PACK, PrivateAttune, private_attune
from bench.stage import Stage

#: Clients that post at the same time.
_CLIENTS = 8
_WARM_UP = 5
_ONE_RULE = "bench.happened"


@dataclass(frozen=True)
class Amount:
    """How long it is looked at. `seconds` of webhooks in each round, and half as long of the floor."""

    samples: int
    rules: int
    crowded: int
    rounds: int
    seconds: float


_QUICK = Amount(samples=50, rules=1_000, crowded=20, rounds=3, seconds=1.5)
_FULL = Amount(samples=200, rules=1_000, crowded=100, rounds=3, seconds=60.0)


def events(stage: Stage) -> list[Figure]:
    """With an Attune of its own: the pack of many rules would be in the way of all else."""
    amount = _QUICK if stage.is_quick else _FULL
    with private_attune() as attune, records_of(attune.settings) as records, crowd(amount.rules) as pack:
        attune.install(BENCH_PACK)
        attune.install(pack)
        return [
            *latency(attune, records, amount),
            *rules(attune, records, amount),
            *webhooks(attune, records, amount),
        ]


def latency(attune: PrivateAttune, records: Records, amount: Amount) -> list[Figure]:
    """On an idle system: an event, a webhook and a plain request in turn, each when the one before has ended."""
    webhook = _webhook(attune, "bench/latency", action="core.noop")
    _rule(attune, "happened", trigger={"type": _ONE_RULE}, action="core.noop")
    by_event, by_webhook, bare = [], [], []
    for _ in range(_WARM_UP + amount.samples):
        by_event.append(_sent(attune, records))
        by_webhook.append(_delivered(attune, records, webhook))
        sent_at = time.time()
        execution = attune.request("core.noop")
        bare.append(records.started_at(execution["id"]) - sent_at)
    bare = bare[_WARM_UP:]
    return [
        *_latencies("event", by_event[_WARM_UP:], bare),
        *_latencies("webhook", by_webhook[_WARM_UP:], bare),
    ]


def rules(attune: PrivateAttune, records: Records, amount: Amount) -> list[Figure]:
    """An event that many rules judge, and in turn with it one that meets a single rule; to be run after `latency`."""
    many, one = [], []
    for number in range(_WARM_UP + amount.crowded):
        sent = attune.post("/events", {"type": TRIGGER, "payload": payload(number)})
        many.append(records.way_of(sent["id"]))
        one.append(_sent(attune, records).way)
    judged, floor = ([way.processed_at - way.received_at for way in ways[_WARM_UP:]] for ways in (many, one))
    name = f"{amount.rules:,} rules: received_at to processed_at"
    return [
        milliseconds(f"{name}, p50", 50, judged, floor, floor_name="one rule", budget=at_most(50)),
        milliseconds(f"{name}, p95", 95, judged, floor, floor_name="one rule"),
    ]


def webhooks(attune: PrivateAttune, records: Records, amount: Amount) -> list[Figure]:
    """As many as one web process takes; then it is waited until each is an execution, of an action nobody runs."""
    webhook = _webhook(attune, "bench/flood", action="bench.accepted")
    authorization = {"Authorization": attune.http.headers["Authorization"]}
    request = Post("/executions", {"action": "bench.accepted"}, 201, authorization)
    taken, enforced, lost, floors = [], [], 0, []
    for _ in range(amount.rounds):
        before = records.newest()
        accepted = _flood(attune, webhook, amount.seconds)
        outcome = records.outcome(after=before, accepted=accepted.count)
        taken.append(accepted.per_second)
        enforced.append(outcome.enforced / outcome.seconds if outcome.enforced else 0.0)
        lost += outcome.away_from(accepted.count)
        floors.append(_flood(attune, request, amount.seconds / 2).per_second)
    none = Budget("none", lambda figure: figure.value == 0)
    name, floor_name = f"webhooks: accepted, {_CLIENTS} clients", "POST /executions"
    return [
        Figure(name=name, unit="/s", values=taken, floors=floors, floor_name=floor_name, budget=at_least(200, "/s")),
        Figure(name="webhooks: made executions", unit="/s", values=enforced, floors=floors, floor_name=floor_name),
        Figure(name="webhooks: lost or doubled on the way", unit="events", values=[lost], budget=none),
    ]


@dataclass(frozen=True)
class _Sample:
    sent_at: float
    way: Way

    @property
    def to_start_s(self) -> float:
        assert self.way.started_at is not None, "the latency's action is run"
        return self.way.started_at - self.sent_at

    @property
    def to_processed_s(self) -> float:
        return self.way.processed_at - self.sent_at

    @property
    def to_execution_s(self) -> float:
        return self.way.created_at - self.sent_at


def _sent(attune: PrivateAttune, records: Records) -> _Sample:
    sent_at = time.time()
    event = attune.post("/events", {"type": _ONE_RULE})
    return _Sample(sent_at, records.way_of(event["id"]))


def _delivered(attune: PrivateAttune, records: Records, webhook: Post) -> _Sample:
    sent_at = time.time()
    delivered = attune.post(webhook.path, webhook.body, headers=webhook.headers)
    return _Sample(sent_at, records.way_of(delivered["event"]))


def _latencies(what: str, samples: Sequence[_Sample], bare: Sequence[float]) -> list[Figure]:
    to_start = [sample.to_start_s for sample in samples]
    name, floor_name = f"{what}: POST to started_at", "POST /executions"
    return [
        milliseconds(f"{name}, p50", 50, to_start, bare, floor_name=floor_name, budget=at_most(30)),
        milliseconds(f"{name}, p95", 95, to_start, bare, floor_name=floor_name),
        milliseconds("  POST to processed_at, p50", 50, [sample.to_processed_s for sample in samples]),
        milliseconds("  POST to the execution's created_at, p50", 50, [sample.to_execution_s for sample in samples]),
    ]


def _webhook(attune: PrivateAttune, url: str, *, action: str) -> Post:
    """A webhook without a limit, with a rule that runs `action` for each delivery."""
    made = attune.post("/webhooks", {"url": url, "rate_per_minute": None})
    _rule(attune, url.replace("/", "_"), trigger={"type": "core.webhook", "parameters": {"url": url}}, action=action)
    return Post(f"/webhooks/{url}", {"host": "web-1"}, 202, {"X-Attune-Token": made["secret"]})


def _rule(attune: PrivateAttune, name: str, *, trigger: object, action: str) -> None:
    attune.post("/rules", {"name": name, "trigger": trigger, "action": {"ref": action}})


def _flood(attune: PrivateAttune, post: Post, seconds: float) -> Accepted:
    return flood(attune.http.base_url, post, clients=_CLIENTS, seconds=seconds)
