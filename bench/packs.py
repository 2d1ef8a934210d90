"""A pack with thousands of actions, as the largest of StackStorm's Exchange: registered, again unchanged, and with one
change."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure, at_most
from bench.private_attune import PrivateAttune, private_attune
from bench.stage import Stage

_ACTION = """\
name: {name}
description: Calls operation {name} of a service.
runtime: shell
entry_point: run.sh
parameters:
  region: {{type: string, description: Where., default: eu-west-1}}
  name: {{type: string, required: true, position: 0}}
  count: {{type: integer, minimum: 0, default: 1}}
  token: {{type: string, secret: true}}
  tags: {{type: object, default: {{}}}}
  dry_run: {{type: boolean, default: false}}
  filters: {{type: array, items: {{type: string}}}}
output: {{type: object, properties: {{id: {{type: string}}}}}}
timeout_s: 60
"""


@dataclass(frozen=True)
class Amount:
    """How large the pack is, and how often it is looked at."""

    actions: int
    rounds: int


_QUICK = Amount(actions=3_600, rounds=1)
_FULL = Amount(actions=3_600, rounds=5)


def packs(stage: Stage) -> list[Figure]:
    """From the request to the end of the operation; each round installs a pack of another ref."""
    with private_attune() as attune:
        return _packs(attune, _QUICK if stage.is_quick else _FULL)


def _packs(attune: PrivateAttune, amount: Amount) -> list[Figure]:
    first, again, changed = [], [], []
    for number in range(amount.rounds):
        with _pack(f"many_{number}", amount.actions) as folder:
            first.append(_seconds(attune, folder))
            again.append(_seconds(attune, folder))
            _write(folder, f"many_{number}", version="1.1.0")
            (folder / "actions/a0.yaml").write_text(_ACTION.format(name="a0") + "pool: other\n")
            changed.append(_seconds(attune, folder))
    name = f"packs: {amount.actions:,} actions"
    return [
        Figure(name=f"{name} registered", unit="s", values=first, budget=at_most(10, "s")),
        Figure(name=f"{name} again, unchanged", unit="s", values=again, budget=at_most(2, "s")),
        Figure(name=f"{name} again, one changed", unit="s", values=changed),
    ]


def _seconds(attune: PrivateAttune, folder: Path) -> float:
    started = time.perf_counter()
    attune.install(folder)
    return time.perf_counter() - started


@contextmanager
def _pack(ref: str, actions: int) -> Iterator[Path]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "actions").mkdir()
        _write(folder, ref, version="1.0.0")
        (folder / "actions/run.sh").write_text("true\n")
        for number in range(actions):
            (folder / f"actions/a{number}.yaml").write_text(_ACTION.format(name=f"a{number}"))
        yield folder


def _write(folder: Path, ref: str, *, version: str) -> None:
    (folder / "pack.yaml").write_text(f"ref: {ref}\nversion: {version}\n")
