"""What was seen of one run, from all sides. All times are microseconds since 1970, by this machine's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaos.notes import Note
from chaos.plan import FaultKind, Order


@dataclass(frozen=True)
class Accepted:
    """An execution whose acceptance was seen; `asked_us`: before its request was first sent."""

    execution: int
    order: Order
    asked_us: int
    accepted_us: int


@dataclass(frozen=True)
class Told:
    """An event whose acceptance was seen; `executions`: of the enforcements of its rule, None for one without."""

    event: int
    order: Order
    asked_us: int
    accepted_us: int
    executions: tuple[int | None, ...] = ()

    @property
    def accepted(self) -> Accepted | None:
        """The execution that was asked for with it, where there is exactly one."""
        match self.executions:
            case (int(execution),):
                return Accepted(execution, self.order, self.asked_us, self.accepted_us)
        return None


@dataclass(frozen=True)
class Row:
    """An execution as `GET /executions` shows it when all is over."""

    execution: int
    action: str
    status: str
    attempt: int
    retries: int
    losses: int
    error: str
    created_us: int
    ended_us: int | None


@dataclass(frozen=True)
class Step:
    """A line of `GET /executions/{id}/history`; `code` of its reason."""

    status: str
    attempt: int
    at_us: int
    code: str = ""


@dataclass(frozen=True)
class Fault:
    """`victims`: (execution, attempt) of what ran on the worker that was hurt."""

    kind: FaultKind
    at_us: int
    until_us: int
    victims: tuple[tuple[int, int], ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Answer:
    """One that should not have been given."""

    status: int
    text: str


@dataclass(frozen=True)
class Evidence:
    """`accepted` includes what events asked for. `histories` of those that were canceled, lost or tried again;
    `canceled`: whose cancel was answered with 202."""

    accepted: Sequence[Accepted] = ()
    told: Sequence[Told] = ()
    rows: Sequence[Row] = ()
    notes: Sequence[Note] = ()
    histories: Mapping[int, Sequence[Step]] = field(default_factory=dict)
    canceled: frozenset[int] = frozenset()
    faults: Sequence[Fault] = ()
    bad_answers: Sequence[Answer] = ()
    rebuilds: Sequence[int] = ()
    """When the lines were seen to have been built anew."""
    lost_after_s: float = 30.0
