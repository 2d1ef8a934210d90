"""From a seed to what is asked for and what is broken, when. Pure: the same arguments give the same plan."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Expected(StrEnum):
    """How an execution ends that nobody cancels and that is not lost too often."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMEOUT = "timeout"


class FaultKind(StrEnum):
    KILL_WORKER = "kill worker"
    KILL_WARDEN = "kill warden"
    KILL_CONDUCTOR = "kill conductor"
    KILL_SCHEDULER = "kill scheduler"
    KILL_WEB = "kill web"
    STOP_WORKER = "stop worker"
    KILL_VALKEY = "kill valkey"
    FLUSH_VALKEY = "flush valkey"
    PAUSE_VALKEY = "pause valkey"
    EMPTY_VALKEY = "restart valkey empty"
    OLD_VALKEY = "restart valkey from a snapshot"
    RESTART_POSTGRES = "restart postgresql"
    TERMINATE_CONNECTIONS = "terminate connections"
    DUPLICATE_HINTS = "duplicate hints"
    DROP_HINTS = "drop hints"


@dataclass(frozen=True)
class Limit:
    """A limit of the pack's, narrowest first on an execution's way; `is_keyed`: one for each key."""

    name: str
    most: int
    is_keyed: bool = False


@dataclass(frozen=True)
class Kind:
    """One of the pack's actions, how often it is asked for, and how its runs go."""

    action: str
    per_s: float
    limits: tuple[Limit, ...] = ()
    keys: int = 1
    seconds: tuple[float, float] = (0.0, 0.0)
    fails: tuple[int, ...] = (0,)
    """For how many attempts it fails, one of these; far more than it has attempts means for ever."""
    expected: Expected = Expected.SUCCEEDED
    is_canceled: float = 0.0
    """Share of those that somebody cancels."""
    is_large: float = 0.0
    """Share of those with 20 KB of parameters."""
    goes_back: bool = True
    """Whether a lost run is tried again (`on_lost`)."""
    is_told: bool = False
    """Whether an event is sent, which the pack's rule of the same name answers with the execution."""


#: A little more than ten starts a second, within what each limit bears on two cores while nothing is broken.
MIX: tuple[Kind, ...] = (
    Kind("free", 5.0, seconds=(0.0, 0.1), is_large=0.1, is_canceled=0.02),
    Kind("one", 1.6, (Limit("one", 1),), seconds=(0.0, 0.05), is_canceled=0.1, is_large=0.05),
    Kind("five", 2.0, (Limit("five", 5),), seconds=(0.0, 0.4), is_canceled=0.05, is_large=0.05),
    Kind("keyed", 1.6, (Limit("keyed", 1, is_keyed=True),), keys=4, seconds=(0.0, 0.2), is_canceled=0.05),
    Kind("pair", 1.0, (Limit("pair", 1, is_keyed=True), Limit("pair-all", 3)), keys=5, seconds=(0.0, 0.3)),
    Kind("flaky", 0.8, (Limit("flaky", 3),), seconds=(0.0, 0.1), fails=(0, 1, 2)),
    Kind("hopeless", 0.2, fails=(1000,), expected=Expected.FAILED),
    Kind("slow", 0.2, (Limit("slow", 2),), seconds=(60.0, 60.0), expected=Expected.TIMEOUT),
    Kind("long", 0.15, seconds=(5.0, 20.0), is_canceled=0.3),
    Kind("once", 0.3, seconds=(0.0, 2.0), goes_back=False),
    Kind("stubborn", 0.05, seconds=(60.0, 60.0), is_canceled=1.0),
    Kind("told", 1.5, seconds=(0.0, 0.1), is_large=0.05, is_told=True),
)
KINDS: Mapping[str, Kind] = {kind.action: kind for kind in MIX}

LARGE_CHARS = 20_000
#: Seconds between two faults.
FAULTS_EVERY_S = (5.0, 20.0)
#: Nothing is broken before the first of these seconds, and in the last ones.
_CALM_S = (5.0, 3.0)


@dataclass(frozen=True)
class Order:
    """One execution to ask for. `cancel_after_s` counts from the answer."""

    number: int
    at_s: float
    action: str
    key: str
    seconds: float
    fails: int
    chars: int
    cancel_after_s: float | None = None

    @property
    def kind(self) -> Kind:
        return KINDS[self.action]


@dataclass(frozen=True)
class PlannedFault:
    """`which` chooses among the processes of a role, by its remainder; `amount` between 0 and 1 says how much."""

    kind: FaultKind
    at_s: float
    which: int
    amount: float


@dataclass(frozen=True)
class Plan:
    """`orders` and `faults` by time."""

    seed: int
    seconds: float
    orders: tuple[Order, ...]
    faults: tuple[PlannedFault, ...]


def make_plan(
    seed: int,
    *,
    seconds: float,
    mix: Sequence[Kind] = MIX,
    faults: Sequence[FaultKind] = tuple(FaultKind),
    faults_every_s: tuple[float, float] = FAULTS_EVERY_S,
) -> Plan:
    """`faults` come in rounds, each kind once a round in another order."""
    return Plan(
        seed,
        seconds,
        tuple(_orders(random.Random(f"{seed} orders"), seconds, mix)),
        tuple(_faults(random.Random(f"{seed} faults"), seconds, faults, faults_every_s)),
    )


def _orders(rng: random.Random, seconds: float, mix: Sequence[Kind]) -> Iterator[Order]:
    moments = [
        (rng.uniform(0, seconds), kind) for kind in mix for _ in range(max(1, round(kind.per_s * seconds)))
    ]  # fmt: skip
    for number, (at_s, kind) in enumerate(sorted(moments, key=lambda moment: moment[0])):
        yield Order(
            number=number,
            at_s=round(at_s, 3),
            action=kind.action,
            key=f"k{rng.randrange(kind.keys)}",
            seconds=round(rng.uniform(*kind.seconds), 3),
            fails=rng.choice(kind.fails),
            chars=LARGE_CHARS if rng.random() < kind.is_large else 0,
            cancel_after_s=round(rng.expovariate(1.0), 3) if rng.random() < kind.is_canceled else None,
        )


def _faults(
    rng: random.Random, seconds: float, kinds: Sequence[FaultKind], every_s: tuple[float, float]
) -> Iterator[PlannedFault]:
    first, last = _CALM_S
    at_s, bag = first, list[FaultKind]()
    while kinds and at_s <= seconds - last:
        if not bag:
            bag = list(kinds)
            rng.shuffle(bag)
        yield PlannedFault(bag.pop(), round(at_s, 3), rng.randrange(1000), rng.random())
        at_s += rng.uniform(*every_s)
