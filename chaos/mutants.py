"""Attune with a known bug: the source tree, copied and changed in one place. Nothing that runs can be changed so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos.checker import Rule
from chaos.fleet import ROOT, Broken
from chaos.plan import KINDS, FaultKind, Kind

#: What a fleet is started from.
_COPIED = ("apps", "attune", "chaos", "packs", "manage.py", "pyproject.toml")


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in `file`; a run of `mix` and `faults` must be told of one of `caught_by`."""

    name: str
    file: str
    old: str
    new: str
    caught_by: frozenset[Rule]
    mix: tuple[Kind, ...]
    faults: tuple[FaultKind, ...] = ()
    seconds: float = 12.0
    patience_s: float = 10.0


def _often(action: str, per_s: float, seconds: tuple[float, float]) -> Kind:
    return replace(KINDS[action], per_s=per_s, seconds=seconds, is_canceled=0.0, is_large=0.0)


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="an off-by-one grant",
        file="apps/executions/slots/lua/common.lua",
        old="return limit - redis.call('HLEN', key('holders', gate))",
        new="return limit + 1 - redis.call('HLEN', key('holders', gate))",
        caught_by=frozenset({Rule.OVERLAP}),
        mix=(_often("one", 4.0, (0.2, 0.4)),),
        seconds=6.0,
    ),
    Mutant(
        name="a release without promote",
        file="apps/executions/slots/lua/leave.lua",
        old="return promote(take_out(ARGV[3], x))",
        new="take_out(ARGV[3], x)\nreturn {{}, {}}",
        caught_by=frozenset({Rule.STALLED}),
        # Each request lets in too, so the line must outlive them.
        mix=(_often("one", 8.0, (0.6, 0.6)),),
        seconds=3.0,
        patience_s=45.0,
    ),
    Mutant(
        name="a claim without its guard",
        file="apps/executions/transitions.py",
        old="WHERE id = %(id)s AND attempt = %(attempt)s AND status {_IS} 'scheduled'",
        new="WHERE id = %(id)s AND %(attempt)s IS NOT NULL AND status IN ('scheduled', 'running')",
        caught_by=frozenset({Rule.STARTED_TWICE}),
        mix=(_often("one", 1.0, (0.5, 1.0)), _often("free", 3.0, (0.5, 2.0))),
        faults=(FaultKind.DUPLICATE_HINTS,),
    ),
    Mutant(
        name="a sweep without its guard",
        file="apps/executions/services/lost.py",
        old="status__in=ACTIVE, worker__status__in=[Worker.Status.LOST, Worker.Status.STOPPED]",
        new="status__in=ACTIVE",
        caught_by=frozenset({Rule.OVERLAP}),
        mix=(_often("keyed", 1.0, (3.0, 5.0)),),
    ),
    Mutant(
        name="a rebuild that forgets grants",
        file="apps/executions/slots/rebuild.py",
        old="status__in=HOLDS_SLOT | IN_LINE)",
        new="status__in=IN_LINE)",
        caught_by=frozenset({Rule.OVERLAP}),
        mix=(_often("one", 1.0, (1.0, 2.0)), _often("five", 3.0, (1.0, 3.0))),
        faults=(FaultKind.FLUSH_VALKEY,),
    ),
    Mutant(
        name="a return to the end of the line",
        file="apps/executions/services/requeue.py",
        old="    if run.gate_id is None:\n        changes",
        new='    changes["number"] = None\n    if True:\n        changes',
        caught_by=frozenset({Rule.OVERTAKEN}),
        mix=(_often("keyed", 3.0, (1.0, 2.0)), _often("one", 1.0, (1.0, 2.0))),
        faults=(FaultKind.KILL_WORKER,),
        seconds=15.0,
        patience_s=30.0,
    ),
)


@contextmanager
def planted(mutant: Mutant | None) -> Iterator[Path]:
    """A copy of the source tree with the bug in it, or with none; removed afterwards. Raises `Broken` when the place is
    not there: the code has moved on, and the mutant has to follow."""
    with TemporaryDirectory(prefix="attune-mutant-") as folder:
        tree = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, tree / name)
            else:
                shutil.copy2(source, tree / name)
        if mutant is not None:
            plant(mutant, tree)
        yield tree


def plant(mutant: Mutant, tree: Path) -> None:
    file = tree / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise Broken(f"{mutant.name}: {mutant.file} has {text.count(mutant.old)} places to plant it, not one")
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
