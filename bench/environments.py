"""Environments of packs: how fast they are found, left alone and built, and what builds cost those beside them."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from apps.runner.control import RunControl
from apps.runner.warden_client import Warden
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import detect
from apps.runtimes.environments import locks, lookup
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import BuildSettings, EnvironmentRequest
from apps.workers.commands import WardenCommands
from bench.broken import Broken
from bench.figures import Budget, Figure, at_most, milliseconds, percentile
from bench.floor import ROOT, Command, shell_noop
from bench.private_attune import PrivateAttune, private_attune, succeeded
from bench.stage import Stage
from bench.wheels import REQUIREMENTS, write_wheels

#: As the worker does it for each run.
_LOOKUPS = 2000
PACKS = 10
_PATIENCE_S = 300.0
_ACTION = "name: hello\nruntime: python\nentry_point: hello.py\n"
#: Those who run meanwhile may be slowed as much as bare programs are, with some room for what is measured.
_NO_MORE_THAN_BARE = Budget("≤ 1.5 of bare", lambda figure: (figure.ratio or 0) <= 1.5)


@dataclass(frozen=True)
class Place:
    """A volume, and a builder on it as a worker has one."""

    folder: Path
    provider: GenerationProvider
    run: WardenCommands
    runtime: RuntimeDefinition
    wheels: str
    search_path: str

    def request(self, pack_ref: str) -> EnvironmentRequest:
        pack_dir = self.folder / "packs" / pack_ref
        pack_dir.mkdir(parents=True, exist_ok=True)
        return EnvironmentRequest(
            pack_ref=pack_ref,
            pack_dir=pack_dir,
            runtime=self.runtime,
            installation=detect(self.runtime, search_path=self.search_path).installations[0],
            manifest=REQUIREMENTS.encode(),
        )

    def ensure(self, request: EnvironmentRequest) -> None:
        self.provider.ensure_environment(request, run=self.run, log=lambda _: None)


@contextmanager
def place(folder: Path, *, settings: Mapping[str, str], search_path: str) -> Iterator[Place]:
    body = yaml.safe_load((ROOT / "packs/core/runtimes/python.yaml").read_text())
    runtime = RuntimeDefinition.from_json(body)
    environ = {"PATH": search_path, **settings}
    provider = provider_named("virtualenv", BuildSettings(envs_dir=folder / "envs", environ=environ))
    assert isinstance(provider, GenerationProvider)
    warden = Warden(silence_s=3600)
    warden.start()
    try:
        run = WardenCommands(warden, RunControl(), work_root=folder)
        yield Place(folder, provider, run, runtime, settings["PIP_FIND_LINKS"], search_path)
    finally:
        warden.close()


def environments(stage: Stage) -> list[Figure]:
    """Built by hand without an Attune, then on one of its own, which finds packages in a folder only."""
    wheels = write_wheels(stage.folder / "wheels")
    with place(stage.folder, settings=wheels, search_path=os.environ["PATH"]) as at:
        figures = builds(at, rounds=3 if stage.is_quick else 9)
    with private_attune(wheels) as attune:
        packs = write_packs(stage.folder / "packs-to-install")
        for pack in packs:
            attune.install(pack)
        wait_until_built(attune)
        return figures + beside_builds(attune, packs, samples=50 if stage.is_quick else 200)


def builds(at: Place, *, rounds: int) -> list[Figure]:
    """The first build fills the cache and counts for nothing; each of the others is of another pack."""
    request = at.request("first")
    at.ensure(request)
    ours, bare = [], []
    for number in range(rounds):
        other = at.request(f"pack_{number}")
        ours.append(_seconds(lambda other=other: at.ensure(other)))  # type: ignore[misc]
        bare.append(_by_hand(at, at.folder / f"bare_{number}"))
    unchanged = [_seconds(lambda: at.ensure(request)) for _ in range(20 * rounds)]
    found = [_seconds(lambda: _look_up(at, request)) for _ in range(_LOOKUPS)]
    floor = "uv by hand"
    return [
        milliseconds("environment: look-up, p50", 50, found),
        milliseconds("environment: look-up, p99", 99, found, budget=at_most(1)),
        milliseconds("environment: ensure, unchanged, p95", 95, unchanged, budget=at_most(50)),
        milliseconds("environment: first build, warm, p50", 50, ours, bare, floor_name=floor, budget=at_most(3000)),
    ]


def _look_up(at: Place, request: EnvironmentRequest) -> None:
    envs_dir = at.folder / "envs"
    found = lookup.find(envs_dir, pack_ref=request.pack_ref, runtime="python", needs_environment=True)
    assert found is not None
    with locks.hold(found):
        pass


def _by_hand(at: Place, folder: Path) -> float:
    """What uv alone takes for the same, by its own cache, which the first round fills."""
    uv = str(Path(sys.executable).with_name("uv"))
    env = {"UV_CACHE_DIR": str(at.folder / "uv-cache"), "PATH": at.search_path}
    made = Command((uv, "venv", "--quiet", "--python", sys.executable, str(folder)), env).run()
    names = REQUIREMENTS.split()
    find = ("--no-index", "--find-links", at.wheels, "--link-mode", "copy", "--compile-bytecode")
    return made + Command((uv, "pip", "install", "--quiet", "--python", str(folder), *find, *names), env).run()


def write_packs(folder: Path) -> list[Path]:
    """Packs that want the three packages, each in an environment of its own."""
    for number in range(PACKS):
        ref = f"bench_env_{number}"
        files = {
            "pack.yaml": f"ref: {ref}\nversion: 1.0.0\n",
            "requirements.txt": REQUIREMENTS,
            "actions/hello.yaml": _ACTION,
            "actions/hello.py": "def run():\n    return 1\n",
        }
        for name, text in files.items():
            file = folder / ref / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return sorted(folder.iterdir())


def beside_builds(attune: PrivateAttune, packs: Sequence[Path], *, samples: int) -> list[Figure]:
    """`core.noop` one at a time, in turn with the same program bare: first idle, then while all packs are built."""
    idle = _runs(attune, samples=samples, is_over=lambda count: count >= samples)
    asked = threading.Thread(target=_rebuild, args=(attune, packs))
    started = time.perf_counter()
    asked.start()
    busy = _runs(attune, samples=samples, is_over=lambda _: not asked.is_alive() and _all_ready(attune, generation=2))
    took_s = time.perf_counter() - started
    asked.join()
    slower = [
        percentile([run[side] for run in busy], 50) / percentile([run[side] for run in idle], 50) for side in (0, 1)
    ]
    return [
        Figure(name=f"environment: {PACKS} packs built at once", unit="s", values=[took_s]),
        Figure(
            name="  what runs beside them takes longer, p50",
            unit="times",
            values=slower[:1],
            floors=slower[1:],
            floor_name="bare",
            budget=_NO_MORE_THAN_BARE,
        ),
    ]


def _runs(attune: PrivateAttune, *, samples: int, is_over: Callable[[int], bool]) -> list[tuple[float, float]]:
    """(Attune's, the bare program's) seconds of each."""
    command = shell_noop()
    found: list[tuple[float, float]] = []
    deadline = time.monotonic() + _PATIENCE_S
    while len(found) < max(3, samples // 10) or not is_over(len(found)):
        if time.monotonic() > deadline:
            raise Broken(f"the builds did not end within {_PATIENCE_S:.0f} s")
        found.append((_seconds(lambda: succeeded(attune.request("core.noop", wait_s=60))), command.run()))
    return found


def _rebuild(attune: PrivateAttune, packs: Sequence[Path]) -> None:
    for pack in packs:
        attune.post(f"/packs/{pack.name}/environments/python/rebuild", None)


def _all_ready(attune: PrivateAttune, *, generation: int) -> bool:
    rows = attune.http.get("/environments?runtime=python&limit=500").json()["results"]
    own = [row for row in rows if row["pack"].startswith("bench_env_")]
    if failed := [row["error"] for row in own if row["status"] == "failed"]:
        raise Broken(f"an environment was not built: {failed[0]}")
    return len(own) == PACKS and all(row["status"] == "ready" and row["generation"] >= generation for row in own)


def wait_until_built(attune: PrivateAttune) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not _all_ready(attune, generation=1):
        if time.monotonic() > deadline:
            raise Broken(f"{PACKS} packs were not built within {_PATIENCE_S:.0f} s")
        time.sleep(0.2)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
