"""Whether a run finds known bugs, and nothing where there is none."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from chaos.mutants import MUTANTS, Mutant, planted
from chaos.plan import MIX, FaultKind, make_plan
from chaos.report import Report
from chaos.run import Options, Say, run

_LOST_AFTER_S = 6.0
_FAULTS_EVERY_S = (2.0, 4.0)
_UNCHANGED_S = 15.0


@dataclass(frozen=True)
class Verdict:
    """`found`: how often each rule was violated."""

    name: str
    is_good: bool
    found: dict[str, int]
    example: str = ""


def self_test(seed: int, *, say: Say) -> list[Verdict]:
    """Attune as it is first, then each mutant."""
    return [_unchanged(seed, say=say), *(_with(mutant, seed, say=say) for mutant in MUTANTS)]


def as_text(verdicts: Sequence[Verdict]) -> str:
    return "\n".join(_line(verdict) for verdict in verdicts)


def as_json(verdicts: Sequence[Verdict]) -> str:
    return json.dumps([asdict(verdict) for verdict in verdicts], indent=2)


def _unchanged(seed: int, *, say: Say) -> Verdict:
    say("as it is")
    faults = (FaultKind.FLUSH_VALKEY, FaultKind.DUPLICATE_HINTS)
    plan = make_plan(seed, seconds=_UNCHANGED_S, mix=MIX, faults=faults, faults_every_s=_FAULTS_EVERY_S)
    with planted(None) as tree:
        report = run(plan, Options(lost_after_s=_LOST_AFTER_S, tree=tree), say=say)
    return Verdict("as it is", report.is_good, _found(report), _example(report))


def _with(mutant: Mutant, seed: int, *, say: Say) -> Verdict:
    say(f"with {mutant.name}")
    plan = make_plan(
        seed, seconds=mutant.seconds, mix=mutant.mix, faults=mutant.faults, faults_every_s=_FAULTS_EVERY_S
    )  # fmt: skip
    with planted(mutant) as tree:
        report = run(plan, Options(_LOST_AFTER_S, tree, patience_s=mutant.patience_s), say=say)
    caught = [violation for violation in report.violations if violation.rule in mutant.caught_by]
    return Verdict(mutant.name, bool(caught), _found(report), caught[0].text if caught else _example(report))


def _found(report: Report) -> dict[str, int]:
    return dict(Counter(str(violation.rule) for violation in report.violations))


def _example(report: Report) -> str:
    return report.violations[0].text if report.violations else ""


def _line(verdict: Verdict) -> str:
    found = ", ".join(f"{rule} {count}" for rule, count in verdict.found.items()) or "nothing found"
    words = "as it should be" if verdict.is_good else "NOT AS IT SHOULD BE"
    return f"{words}: {verdict.name}: {found}" + (f"\n    {verdict.example}" if verdict.example else "")
