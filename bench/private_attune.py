"""A whole Attune of the benchmark's own: started as an operator does it, in a folder that is removed again."""

import secrets
import shlex
import socket
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from apps.runner.removal import remove_tree
from bench.broken import Broken
from bench.floor import ROOT
from bench.scripts import Scripts, environment_without_attune

BENCH_PACK = Path(__file__).with_name("pack")
_TERMINAL = frozenset({"succeeded", "failed", "timeout", "canceled", "abandoned"})
#: No part takes so long; who waits longer has met a bug.
_PATIENCE_S = 300.0
#: Most rows of a list, and most executions of a batch.
_PAGE = 500
_LOOK_EVERY_S = 0.1


class PrivateAttune:
    """Speaks REST to one Attune. Made by `private_attune`. `password` is the administrator's."""

    def __init__(self, var_dir: Path, *, password: str, scripts: Scripts, started_in_s: float) -> None:
        self.var_dir = var_dir
        self.password = password
        self._scripts = scripts
        profile = tomllib.loads((var_dir / "cli.toml").read_text())["profiles"]["default"]
        self.started_in_s = started_in_s
        headers = {"Authorization": f"Bearer {profile['token']}"}
        self.http = httpx.Client(base_url=f"{profile['url']}/api/v1", headers=headers, timeout=120)

    def request(self, action: str, **more: object) -> dict[str, Any]:
        """The accepted execution; with `wait_s` the ended one."""
        return self.post("/executions", {"action": action, **more})

    def request_batch(self, action: str, count: int, **more: object) -> list[int]:
        """The ids, in their order; in requests of at most 500."""
        ids: list[int] = []
        while len(ids) < count:
            wanted = [{"action": action, **more}] * min(_PAGE, count - len(ids))
            ids += [row["id"] for row in self.post("/executions/batch", {"executions": wanted})["results"]]
        return ids

    def ended(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """All of `ids`, when they have succeeded. Asks seldom, so that asking is not what is measured."""
        deadline = time.monotonic() + _PATIENCE_S
        self.wait_for_end(ids[-1])
        while time.monotonic() < deadline:
            rows = self._rows(ids)
            if all(row["status"] in _TERMINAL for row in rows):
                return [succeeded(row) for row in rows]
            time.sleep(_LOOK_EVERY_S)
        raise Broken(f"executions {ids[0]} to {ids[-1]} did not end within {_PATIENCE_S:.0f} s")

    def wait_for_end(self, execution_id: int) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_S
        while (row := self.get(f"/executions/{execution_id}"))["status"] not in _TERMINAL:
            if time.monotonic() > deadline:
                raise Broken(f"execution {execution_id} did not end within {_PATIENCE_S:.0f} s")
            time.sleep(_LOOK_EVERY_S)
        return row

    def install(self, pack: Path) -> None:
        operation = self.post("/packs/install", {"source": str(pack)})
        deadline = time.monotonic() + _PATIENCE_S
        while (found := self.get(f"/operations/{operation['id']}"))["status"] not in ("succeeded", "failed"):
            if time.monotonic() > deadline:
                raise Broken(f"the pack {pack.name} was not installed within {_PATIENCE_S:.0f} s")
            time.sleep(0.05)
        if found["status"] == "failed":
            raise Broken(f"the pack {pack.name} could not be installed: {found}")

    @property
    def settings(self) -> dict[str, str]:
        """What `script/up` chose, addresses of the servers included."""
        lines = (self.var_dir / "env").read_text().splitlines()
        pairs = (shlex.split(line)[0].partition("=") for line in lines if line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def restart(self, more: Mapping[str, str] | None = None) -> float:
        """Stops and starts it, this time with `more` variables; how long the start took, in seconds."""
        self._scripts.run("down")
        scripts = Scripts(self._scripts.root, {**self._scripts.environment, **(more or {})})
        return scripts.run("up", "--detach")

    def oldest(self, action: str, count: int) -> list[dict[str, Any]]:
        """Of those that have succeeded, in the order in which they were accepted; at most 500."""
        rows = self.get(f"/executions?action={action}&status=succeeded&limit={_PAGE}")["results"]
        return [succeeded(row) for row in reversed(rows)][:count]

    def _rows(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        cursor = ""
        while len(rows) < len(ids):
            page = self.get(f"/executions?limit={min(_PAGE, len(ids) - len(rows))}{cursor}")
            rows += page["results"]
            cursor = f"&cursor={page['next']}"
        if sorted(row["id"] for row in rows) != sorted(ids):
            raise Broken("somebody else runs executions here")
        return rows

    def get(self, path: str) -> dict[str, Any]:
        """Raises `Broken` for any answer but 200."""
        return _body(self.http.get(path), 200)

    def patch(self, path: str, body: object) -> dict[str, Any]:
        return _body(self.http.patch(path, json=body), 200)

    def post(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What was made or accepted. Raises `Broken` for any other answer."""
        return _body(self.http.post(path, json=body, headers=headers), 201, 202)


@contextmanager
def private_attune(more: Mapping[str, str] | None = None, *, root: Path = ROOT) -> Iterator[PrivateAttune]:
    """Starts one of the clone `root`, and stops and removes it whatever happens; its log is shown when it does not
    start. `more` are variables for it."""
    folder = Path(tempfile.mkdtemp(prefix="attune-bench-"))
    password = secrets.token_urlsafe(16)
    place = {"ATTUNE_VAR_DIR": str(folder), "ATTUNE_PORT": str(free_port()), "ATTUNE_ADMIN_PASSWORD": password}
    scripts = Scripts(root, {**environment_without_attune(), **place, **(more or {})})
    try:
        try:
            started_in_s = scripts.run("up", "--detach")
            attune = PrivateAttune(folder, password=password, scripts=scripts, started_in_s=started_in_s)
            with attune.http:
                yield attune
        finally:
            scripts.run("down")
    finally:
        with suppress(OSError):
            remove_tree(folder)  # not by `shutil`: installed packs may not be written to


def moment(row: Mapping[str, Any], name: str) -> float:
    """`created_at`, `started_at` or `ended_at` in seconds of the epoch, by the database's clock."""
    return datetime.fromisoformat(row[name]).timestamp()


def succeeded(row: dict[str, Any]) -> dict[str, Any]:
    """`row` itself. Raises `Broken` when it ended in another way."""
    if row["status"] != "succeeded":
        raise Broken(f"execution {row['id']} of {row['action']} is {row['status']}: {row['error'] or row['reason']}")
    return row


def _body(answer: httpx.Response, *expected: int) -> dict[str, Any]:
    if answer.status_code not in expected:
        raise Broken(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
    body: dict[str, Any] = answer.json()
    return body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
