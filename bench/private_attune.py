"""A whole Attune of the benchmark's own: started as an operator does it, in a folder that is removed again."""

import os
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from bench.floor import ROOT

#: Somebody's own Attune, its servers and folders, are none of ours.
_FOREIGN = ("ATTUNE_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
_KEPT = ("ATTUNE_VENV", "ATTUNE_PYTHON")
_TERMINAL = frozenset({"succeeded", "failed", "timeout", "canceled", "abandoned"})
#: No part takes so long; who waits longer has met a bug.
_PATIENCE_S = 300.0


class Broken(Exception):
    """Attune did not do what is measured, so there is no figure."""


class PrivateAttune:
    """Speaks REST to one Attune. Made by `private_attune`. `password` is the administrator's."""

    def __init__(self, var_dir: Path, *, password: str) -> None:
        self.var_dir = var_dir
        self.password = password
        profile = tomllib.loads((var_dir / "cli.toml").read_text())["profiles"]["default"]
        headers = {"Authorization": f"Bearer {profile['token']}"}
        self.http = httpx.Client(base_url=f"{profile['url']}/api/v1", headers=headers, timeout=120)

    def request(self, action: str, **more: object) -> dict[str, Any]:
        """The accepted execution; with `wait_s` the ended one."""
        return self.post("/executions", {"action": action, **more})

    def request_batch(self, action: str, count: int) -> list[int]:
        """The ids, in their order; at most 500."""
        answer = self.post("/executions/batch", {"executions": [{"action": action}] * count})
        return [row["id"] for row in answer["results"]]

    def ended(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """All of `ids`, when they have succeeded. Asks seldom, so that asking is not what is measured."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            last = self._get(f"/executions/{ids[-1]}")
            rows = self._rows(ids) if last["status"] in _TERMINAL else []
            if rows and all(row["status"] in _TERMINAL for row in rows):
                return [succeeded(row) for row in rows]
            time.sleep(0.1)
        raise Broken(f"executions {ids[0]} to {ids[-1]} did not end within {_PATIENCE_S:.0f} s")

    def install(self, pack: Path) -> None:
        operation = self.post("/packs/install", {"source": str(pack)})
        deadline = time.monotonic() + _PATIENCE_S
        while (found := self._get(f"/operations/{operation['id']}"))["status"] not in ("succeeded", "failed"):
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

    def _rows(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        newest = self._get(f"/executions?limit={len(ids)}")["results"]
        if sorted(row["id"] for row in newest) != sorted(ids):
            raise Broken("somebody else runs executions here")
        return list(newest)

    def _get(self, path: str) -> dict[str, Any]:
        return _body(self.http.get(path), 200)

    def post(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What was made or accepted. Raises `Broken` for any other answer."""
        return _body(self.http.post(path, json=body, headers=headers), 201, 202)


@contextmanager
def private_attune(**more: str) -> Iterator[PrivateAttune]:
    """Starts one, and stops and removes it whatever happens; its log is shown when it does not start. `more` are
    variables for it."""
    folder = Path(tempfile.mkdtemp(prefix="attune-bench-"))
    password = secrets.token_urlsafe(16)
    try:
        environment = {**_environment(folder), **more, "ATTUNE_ADMIN_PASSWORD": password}
        try:
            _script("up", "--detach", environment=environment)
            attune = PrivateAttune(folder, password=password)
            with attune.http:
                yield attune
        finally:
            _script("down", environment=environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _environment(folder: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith(_FOREIGN)}
    return {**own, "ATTUNE_VAR_DIR": str(folder), "ATTUNE_PORT": str(_free_port())}


def _script(name: str, *arguments: str, environment: Mapping[str, str]) -> None:
    """In a session of its own: a Ctrl-C is for us, and we stop Attune in order."""
    done = subprocess.run(
        [ROOT / "script" / name, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        raise Broken(f"script/{name} failed:\n{done.stdout}{done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
