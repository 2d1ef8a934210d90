"""Keeps programs running: starts them in order, restarts what ends, stops them in reverse order."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from apps.standalone.child import POLL_S, Child, Program, Start
from apps.standalone.errors import StandaloneError, StartFailedError
from apps.standalone.processes import descendants
from apps.standalone.records import Records
from apps.standalone.report import Report
from apps.standalone.rotation import rotate
from apps.standalone.stop_requests import StopRequests
from apps.standalone.strays import end_strays

#: How often a watched program is looked at even if no signal comes. Seconds.
WATCH_S = 1.0

#: How often programs that start are asked whether they are ready; asking costs them something. Seconds.
READY_POLL_S = 0.05


@dataclass
class Backoff:
    """How long to wait before the next start of a program that keeps ending: doubling, never giving up."""

    first_s: float = 0.5
    longest_s: float = 30.0
    healthy_after_s: float = 60.0
    _failures: int = 0

    def next_delay(self, *, ran_s: float) -> float:
        """Return the seconds to wait after a run of `ran_s`; a run long enough makes good for all before."""
        self._failures = 0 if ran_s >= self.healthy_after_s else self._failures
        delay = min(self.longest_s, self.first_s * float(2**self._failures))
        self._failures = min(self._failures + 1, 32)  # far beyond the longest delay
        return delay


@dataclass
class _Member:
    program: Program
    position: int
    backoff: Backoff
    child: Child | None = None
    started_at: float = 0.0
    due_at: float = field(default=0.0)


class Supervisor:
    """Runs programs until it is asked to stop.

    1. `start`, as often as there are groups of programs that need each other: the next group is started
       when all of the one before are ready. A program that ends before that fails the start.
    2. `watch`: a program that ends from now on is started again, for ever. Returns when a stop is asked for.
    3. `stop`: last started, first stopped; at once what need not be waited for. Leaving the supervisor's block
       does it in any case.

    Single-threaded; programs end with it even if it is killed (see `child`), and are on record for `down`.
    """

    def __init__(
        self,
        records: Records,
        *,
        report: Report,
        requests: StopRequests,
        backoff: Callable[[], Backoff] = Backoff,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._report = report
        self._requests = requests
        self._new_backoff = backoff
        self._clock = clock
        self._members: list[_Member] = []

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, programs: Sequence[Program], *, deadline_s: float, by: Start | None = None) -> None:
        """Start the programs in this order and wait until all are ready; `by` what, if not by their command lines.

        Raises StartFailedError, or StopRequestedError; whatever was started is running then and is ended
        by `stop`.
        """
        new = [
            _Member(program, position=len(self._members) + offset, backoff=self._new_backoff())
            for offset, program in enumerate(programs)
        ]
        for member in new:
            self._members.append(member)
            self._launch(member, by=by)
        self._wait_until_ready(new, deadline_s=deadline_s)

    def watch(self) -> None:
        """Restart what ends, and keep logs small, until a stop is asked for."""
        while not self._requests.count:
            for member in self._members:
                self._look_after(member)
            self._keep_logs_small()
            self._requests.wait(self._next_look())

    def stop(self) -> None:
        """Stop all programs, the last started first; a further request cuts the current wait short."""
        family = descendants(member.child.pid for member in self._members if member.child)
        for together in _stopped_together(self._members):
            for member in together:
                if member.child is not None:
                    member.child.send(member.program.stop_signals[0][0])
            for member in together:
                self._stop_one(member)
        self._members.clear()
        end_strays(family, report=self._report)

    def _keep_logs_small(self) -> None:
        for log in (self._report.log, *(member.program.log for member in self._members)):
            if log is not None:
                rotate(log)

    def _launch(self, member: _Member, *, by: Start | None = None) -> None:
        member.child = Child.start(member.program, by=by)
        member.started_at = self._clock()
        if identity := member.child.identity:
            self._records.write(member.program, identity, position=member.position)

    def _wait_until_ready(self, members: Iterable[_Member], *, deadline_s: float) -> None:
        deadline = self._clock() + deadline_s
        waiting = list(members)
        while waiting:
            self._requests.check()
            for member in self._members:
                self._check_still_running(member)
            waiting = [member for member in waiting if not member.program.is_ready()]
            if waiting and self._clock() > deadline:
                raise StartFailedError(_not_ready(waiting[0].program, deadline_s=deadline_s))
            if waiting:
                self._requests.wait(READY_POLL_S)

    def _check_still_running(self, member: _Member) -> None:
        child = member.child
        if child is not None and child.exit_code() is not None:
            raise StartFailedError(f"{child.describe_end()} Its log, {member.program.log}:\n{child.log_tail()}")

    def _look_after(self, member: _Member) -> None:
        if member.child is None:
            if self._clock() >= member.due_at:
                self._restart(member)
        elif member.child.exit_code() is not None:
            self._records.remove(member.program.name)
            self._postpone(member, what=member.child.describe_end())

    def _restart(self, member: _Member) -> None:
        try:
            self._launch(member)
            self._report.say(f"{member.program.name} was started again.")
        except (StandaloneError, OSError) as error:
            member.started_at = self._clock()
            self._postpone(member, what=f"{member.program.name} cannot be started: {error}")

    def _postpone(self, member: _Member, *, what: str) -> None:
        now = self._clock()
        delay = member.backoff.next_delay(ran_s=now - member.started_at)
        member.child, member.due_at = None, now + delay
        self._report.say(f"{what} Next start in {delay:g} s; its log is {member.program.log}")

    def _next_look(self) -> float:
        due = [member.due_at - self._clock() for member in self._members if member.child is None]
        return max(0.0, min([WATCH_S, *due]))

    def _stop_one(self, member: _Member) -> None:
        if member.child is not None:
            patience = sum(wait_s for _, wait_s in member.program.stop_signals)
            with self._report.step(f"stopping {member.program.name} (at most {patience:.0f} s)"):
                self._end(member.child)
        self._records.remove(member.program.name)

    def _end(self, child: Child) -> None:
        """Wait for the end of a program that was sent its first signal; then as its signals say."""
        for position, (number, wait_s) in enumerate(child.program.stop_signals):
            if position > 0:
                child.send(number)
            requests, deadline = self._requests.count, self._clock() + wait_s
            while child.exit_code() is None and self._clock() < deadline and self._requests.count == requests:
                self._requests.wait(POLL_S)
        child.kill()


def _stopped_together(members: Sequence[_Member]) -> Iterator[list[_Member]]:
    """Yield the members in the order of stopping, those in one list that need not wait for each other."""
    together: list[_Member] = []
    for member in reversed(members):
        together.append(member)
        if member.program.is_waited_for:
            yield together
            together = []
    if together:
        yield together


def _not_ready(program: Program, *, deadline_s: float) -> str:
    return f"{program.name} was not ready after {deadline_s:.0f} s. Its log: {program.log}"
