"""The lines in Redis: one Lua script per operation, all keys under one hash tag and the epoch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import redis

from apps.core.redis import guarded
from apps.executions.slots.protocol import (
    Counts,
    Entered,
    Entry,
    Grant,
    Limit,
    Outcome,
    Place,
    Snapshot,
    StaleEpoch,
    Standing,
    Ticked,
    merge,
)

EPOCH_KEY = "{slots}:epoch"
#: Entries per call while lines are built: well under a millisecond each way.
_CHUNK = 500
#: To find one place costs the server what a tenth of all of them costs us.
_MOST_LOOKED_FOR = 10
#: Who stand next to each other are not all wanted: others may not be for this reader.
_MOST_APART = 10
#: Where the server begins to look: those that are asked for are mostly the newest.
_FROM_END = -1
_LUA = Path(__file__).parent / "lua"


def prefix_of(epoch: int) -> str:
    return f"{{slots}}:{epoch}:"


@cache
def source_of(name: str) -> str:
    return (_LUA / "common.lua").read_text("utf-8") + (_LUA / f"{name}.lua").read_text("utf-8")


class EpochSource(Protocol):
    """Where the caller's belief about the epoch comes from."""

    def believed(self) -> int: ...

    def read_anew(self) -> int: ...


@dataclass
class FixedEpoch:
    """A belief that nobody changes."""

    number: int

    def believed(self) -> int:
        return self.number

    def read_anew(self) -> int:
        return self.number


class RedisSlots:
    """The `Slots` protocol on Redis. Threads may share it. Besides `StaleEpoch`, every call may raise `RedisAway`."""

    def __init__(self, client: "redis.Redis", *, epochs: EpochSource) -> None:
        self._client = client
        self._epochs = epochs

    def enter(self, entry: Entry, *, limits: Sequence[Limit]) -> Entered:
        parts = (entry.execution, entry.attempt, entry.number, _gates(entry), *_limits(limits))
        epoch, (standing, next_number, *rest) = self._call("enter", *parts)
        outcome = _outcome(epoch, rest)
        return Entered(outcome.granted, outcome.more, Standing(standing), int(next_number), epoch=epoch)

    def enter_many(self, gate: int, *, entries: Sequence[Entry], limits: Sequence[Limit], through: int) -> Outcome:
        return _outcome(*self._call("enter_many", gate, through, *_entries(entries), *_limits(limits)))

    def leave(self, grant: Grant) -> Outcome:
        return _outcome(*self._call("leave", grant.execution, grant.attempt))

    def set_limits(self, limits: Sequence[Limit], *, gates: Sequence[int]) -> Outcome:
        return _outcome(*self._call("promote", *_limits(limits), *gates))

    def promote(self, gates: Sequence[int]) -> Outcome:
        return self.set_limits((), gates=gates)

    def tick(self) -> Ticked:
        epoch, (granted, more, due) = self._call("tick")
        outcome = _outcome(epoch, (granted, more))
        next_due = None if int(due) < 0 else int(due)
        return Ticked(outcome.granted, outcome.more, next_due, epoch=epoch)

    def rebuild(self, epoch: int, snapshot: Snapshot) -> None:
        entries, passes = list(snapshot.entries), list(snapshot.passes)
        numbers = [part for item in snapshot.next_numbers.items() for part in item]
        with guarded():
            head = ["begin", 0, len(snapshot.next_numbers), *numbers, *_limits(snapshot.limits), 0]
            self._run("load", epoch, head)
            for start in range(0, len(entries), _CHUNK):
                self._run("load", epoch, ["", *_entries(entries[start : start + _CHUNK]), 0, 0, 0])
            for start in range(0, len(passes), _CHUNK):
                chunk = passes[start : start + _CHUNK]
                self._run("load", epoch, ["", 0, 0, 0, len(chunk), *(part for item in chunk for part in item)])
            self._run("activate", epoch, [])
            self._unlink_all_but(epoch)

    def forget(self, gates: Sequence[int]) -> None:
        self._call("forget", *gates)

    def is_current(self) -> bool:
        try:
            self.promote(())
        except StaleEpoch:
            return False
        return True

    def places(self, executions: Sequence[int]) -> Mapping[int, Place]:
        prefix, standings = self._standings(executions)
        waiting_at = {
            execution: gates[stage] for execution, (_, gates, stage) in standings.items() if stage < len(gates)
        }
        wanted: dict[int, list[int]] = {}
        for execution, gate in waiting_at.items():
            wanted.setdefault(gate, []).append(execution)
        positions = {gate: self._positions(prefix, gate, here) for gate, here in wanted.items()}
        places = {}
        for execution, (attempt, _, _) in standings.items():
            at = waiting_at.get(execution)
            places[execution] = Place(attempt, at, None if at is None else positions[at].get(execution))
        return places

    def counts(self, gates: Sequence[int]) -> Mapping[int, Counts]:
        prefix = self._current_prefix()
        with guarded():
            pipeline = self._client.pipeline(transaction=False)
            for gate in gates:
                pipeline.llen(f"{prefix}waiting:{gate}")
                pipeline.zcard(f"{prefix}returning:{gate}")
                pipeline.hlen(f"{prefix}holders:{gate}")
            replies = pipeline.execute()
        return {
            gate: Counts(waiting=replies[at] + replies[at + 1], holding=replies[at + 2])
            for at, gate in zip(range(0, len(replies), 3), gates, strict=True)
        }

    def line(self, gate: int, *, most: int) -> Sequence[int]:
        return self._line(self._current_prefix(), gate, most=most)

    def holders(self, gate: int, *, most: int) -> Sequence[Grant]:
        prefix = self._current_prefix()
        with guarded():
            found: Mapping[Any, Any] = self._client.hgetall(f"{prefix}holders:{gate}")
        return [Grant(int(execution), int(attempt)) for execution, attempt in found.items()][:most]

    def everyone(self, cursor: int) -> tuple[int, Sequence[tuple[Grant, bool]]]:
        prefix = self._current_prefix()
        with guarded():
            following, keys = self._client.scan(cursor, match=f"{prefix}x:*", count=1000)
        _, standings = self._standings([int(str(key).rpartition(":")[2]) for key in keys])
        page = [
            (Grant(execution, attempt), stage == len(gates)) for execution, (attempt, gates, stage) in standings.items()
        ]
        return int(following), page

    def _line(self, prefix: str, gate: int, *, most: int) -> list[int]:
        with guarded():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.zrange(f"{prefix}returning:{gate}", 0, -1, withscores=True)
            pipeline.lrange(f"{prefix}waiting:{gate}", 0, most - 1 if most >= 0 else -1)
            returning, waiting = pipeline.execute()
        line = [int(execution) for execution in waiting]
        if returning:
            late = [(int(execution), int(number)) for execution, number in returning]
            line = self._merged(prefix, late, line)
        return line if most < 0 else line[:most]

    def _positions(self, prefix: str, gate: int, wanted: Sequence[int]) -> Mapping[int, int]:
        """From 1 on. Few are looked for where the line is kept; it may be long."""
        if len(wanted) <= _MOST_LOOKED_FOR:
            with guarded():
                pipeline = self._client.pipeline(transaction=False)
                pipeline.zcard(f"{prefix}returning:{gate}")
                for execution in wanted:
                    pipeline.lpos(f"{prefix}waiting:{gate}", str(execution), rank=_FROM_END)
                is_mixed, *found = pipeline.execute()
            if not is_mixed:
                return {execution: at + 1 for execution, at in zip(wanted, found, strict=True) if at is not None}
        elif neighbours := self._neighbours(prefix, gate, wanted):
            return neighbours
        return {execution: at for at, execution in enumerate(self._line(prefix, gate, most=-1), start=1)}

    def _neighbours(self, prefix: str, gate: int, wanted: Sequence[int]) -> Mapping[int, int]:
        """The positions of those who stand next to each other, as on a page of the newest; empty where they do not."""
        name, first, last = f"{prefix}waiting:{gate}", min(wanted), max(wanted)
        with guarded():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.zcard(f"{prefix}returning:{gate}")
            pipeline.lpos(name, str(first), rank=_FROM_END)
            pipeline.lpos(name, str(last), rank=_FROM_END)
            is_mixed, begin, end = pipeline.execute()
            if is_mixed or begin is None or end is None or not 0 <= end - begin < _MOST_APART * len(wanted):
                return {}
            between = [int(execution) for execution in self._client.lrange(name, begin, end)]
        found = {execution: at for at, execution in enumerate(between, start=begin + 1)}
        # The line may have moved on between the two looks.
        return found if between[:1] == [first] and found.keys() >= set(wanted) else {}

    def _merged(self, prefix: str, returning: Sequence[tuple[int, int]], waiting: Sequence[int]) -> list[int]:
        """The order in which they are let in: as `head_of` in common.lua chooses."""
        with guarded():
            pipeline = self._client.pipeline(transaction=False)
            for execution in waiting:
                pipeline.hmget(f"{prefix}x:{execution}", "number", "stage")
            replies = pipeline.execute()
        numbers = [int(number) if stage == "0" else None for number, stage in replies]
        return merge(returning, list(zip(waiting, numbers, strict=True)))

    def _standings(self, executions: Sequence[int]) -> tuple[str, dict[int, tuple[int, list[int], int]]]:
        """The prefix to look under, and `{execution: (attempt, gates, gates passed)}` of those that are here."""
        epoch, (_, *told) = self._call("standings", *executions)
        found = {}
        for execution, attempt, gates, stage in zip(executions, told[::3], told[1::3], told[2::3], strict=True):
            if attempt is not None:
                found[execution] = (int(attempt), [int(gate) for gate in gates.split(",")], int(stage))
        return prefix_of(epoch), found

    def _call(self, name: str, *arguments: object) -> tuple[int, list[Any]]:
        """Runs a script; when this process believed in an old epoch, once more with the one of now. The epoch it ran
        in, and its reply."""
        believed = self._epochs.believed()
        with guarded():
            try:
                return believed, self._run(name, believed, arguments)
            except StaleEpoch:
                anew = self._epochs.read_anew()
                if anew == believed:
                    raise
                return anew, self._run(name, anew, arguments)

    def _run(self, name: str, epoch: int, arguments: Sequence[object]) -> list[Any]:
        script = self._client.register_script(source_of(name))
        reply = script(keys=[EPOCH_KEY], args=[epoch, prefix_of(epoch), *map(str, arguments)])
        if reply[0] == "STALE":
            raise StaleEpoch
        return list(reply)

    def _current_prefix(self) -> str:
        """Of the keys to look at. In an old or emptied store all would be missing, which reads as a line without
        anybody: so every look begins by asking."""
        epoch, _ = self._call("promote", 0)
        return prefix_of(epoch)

    def _unlink_all_but(self, epoch: int) -> None:
        """Removes the keys of older epochs, and of rebuilds that were cut off, a thousand at a time."""
        keys = (str(key) for key in self._client.scan_iter(match="{slots}:*", count=1000))
        others = (key for key in keys if key != EPOCH_KEY and not key.startswith(prefix_of(epoch)))
        for batch in _batches(others, 1000):
            self._client.unlink(*batch)


def _gates(entry: Entry) -> str:
    return ",".join(f"{ref.gate}:{ref.policy}" for ref in entry.gates)


def _entries(entries: Sequence[Entry]) -> list[object]:
    flat: list[object] = [len(entries)]
    for entry in entries:
        flat += [entry.execution, entry.attempt, entry.number, _gates(entry), int(entry.holds)]
    return flat


def _limits(limits: Sequence[Limit]) -> list[object]:
    flat: list[object] = [len(limits)]
    for item in limits:
        flat += [item.policy, -1 if item.limit is None else item.limit, item.version, item.window_ms]
    return flat


def _outcome(epoch: int, reply: Sequence[Sequence[Any]]) -> Outcome:
    granted, more = reply
    pairs = zip(granted[::2], granted[1::2], strict=True)
    grants = tuple(Grant(int(execution), int(attempt)) for execution, attempt in pairs)
    return Outcome(grants, tuple(int(gate) for gate in more), epoch=epoch)


def _batches(keys: Iterable[str], size: int) -> Iterable[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
