"""Which programs the tests of a pack are. Pure but for the names of the files in `tests/`.

What `tests` in pack.yaml says, as commands; without it: the test command of each runtime that has one and files for it
in `tests/`, and of every other runtime each file there.
"""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.core.errors import Invalid
from apps.packs.manifest import PackManifest
from apps.runtimes.definition import RuntimeDefinition

FOLDER = "tests"


class NoTests(Invalid):
    """The pack has no tests."""

    code = "no_tests"


@dataclass(frozen=True)
class TestProgram:
    """A `command` as it was written, the test command of a runtime (`suite`, templates), or a `file` of the pack,
    started as the runtime starts programs. `runtimes` are those whose environments it needs, the first its own."""

    name: str
    runtimes: tuple[str, ...]
    command: tuple[str, ...] = ()
    suite: tuple[str, ...] = ()
    file: str = ""
    __test__ = False


def plan_tests(
    manifest: PackManifest, folder: Path, *, known: Sequence[RuntimeDefinition], used: Sequence[str]
) -> list[TestProgram]:
    """`known` are the runtimes there are, `used` the names of those that the pack's actions are in.

    Raises `NoTests`.
    """
    programs = [TestProgram(text, tuple(used), command=tuple(shlex.split(text))) for text in manifest.tests]
    programs = programs or list(_found(folder, known))
    if not programs:
        raise NoTests(
            f"The pack {manifest.ref} has no tests: put programs into its folder {FOLDER}/, "
            "or name commands in pack.yaml: `tests: [python -m pytest -q]`."
        )
    return programs


def _found(folder: Path, known: Sequence[RuntimeDefinition]) -> Iterator[TestProgram]:
    files = sorted(path.name for path in (folder / FOLDER).iterdir()) if (folder / FOLDER).is_dir() else []
    suites = set()
    for name in files:
        path = folder / FOLDER / name
        runtime = _runtime_of(path, known) if path.is_file() and not name.startswith((".", "_")) else None
        if runtime is None:
            continue
        if not runtime.test:
            yield TestProgram(f"{FOLDER}/{name}", (runtime.name,), file=f"{FOLDER}/{name}")
        elif runtime.name not in suites:
            suites.add(runtime.name)
            yield TestProgram(f"{FOLDER}/ ({runtime.label})", (runtime.name,), suite=runtime.test)


def _runtime_of(path: Path, known: Sequence[RuntimeDefinition]) -> RuntimeDefinition | None:
    """By its ending; a file without one, by the program its first line names."""
    for runtime in known:
        if path.name.endswith(runtime.extensions):
            return runtime
    program = _shebang(path) if not path.suffix and os.access(path, os.X_OK) else ""
    return next((item for item in known if program in item.shebangs), None)


def _shebang(path: Path) -> str:
    with path.open("rb") as file:
        first = file.readline(200)
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-")]
    return words[0].rpartition("/")[2] if words else ""
