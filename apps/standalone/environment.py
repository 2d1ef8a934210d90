"""Chooses the settings all roles run with, and writes them down in `var/env`."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.standalone.errors import StandaloneError
from apps.standalone.layout import ROOT, Layout
from apps.standalone.private_file import write_private

#: Says in each role's environment whose it is, so that a crash leaves nothing that cannot be found. It is
#: not written to var/env: a shell that reads that file must not look like a role.
MARK = "ATTUNE_INSTANCE"

#: The first administrator's password, if the operator chose one.
ADMIN_PASSWORD = "ATTUNE_ADMIN_PASSWORD"  # noqa: S105  a name

DEFAULT_PORT = 8000
DEFAULT_DRAIN_S = 60.0


@dataclass(frozen=True)
class Options:
    """What the operator may decide about a start by environment."""

    port: int
    drain_s: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def read_options(environ: Mapping[str, str] = os.environ) -> Options:
    """Return the options, with defaults. Raises StandaloneError for values that make no sense."""
    port = _number(environ, "ATTUNE_PORT", DEFAULT_PORT)
    if not 1 <= port <= 65535 or port != int(port):
        raise StandaloneError(f"ATTUNE_PORT={environ['ATTUNE_PORT']} is not a port between 1 and 65535.")
    drain_s = _number(environ, "ATTUNE_DRAIN_S", DEFAULT_DRAIN_S)
    if not 0 <= drain_s < float("inf"):
        raise StandaloneError(f"ATTUNE_DRAIN_S={environ['ATTUNE_DRAIN_S']} is not a number of seconds.")
    return Options(port=int(port), drain_s=drain_s)


def choose_settings(
    layout: Layout, *, options: Options, database_url: str, redis_url: str, secrets: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of this start; folders the operator named are kept."""
    folders = {
        "ATTUNE_PACKS_DIR": "packs",
        "ATTUNE_RUNTIME_ENVS_DIR": "runtime_envs",
        "ATTUNE_ARTIFACTS_DIR": "artifacts",
        "ATTUNE_WORK_DIR": "work",
    }
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "attune.settings.standalone",
        **secrets,
        "ATTUNE_VAR_DIR": str(layout.var),
        "ATTUNE_PORT": str(options.port),
        **{name: os.environ.get(name) or str(layout.var / folder) for name, folder in folders.items()},
        "ATTUNE_BASE_URL": os.environ.get("ATTUNE_BASE_URL") or options.url,
    }


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Write the settings as lines a shell can read (`set -a; . var/env`), for their owner only."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in settings.items()]
    write_private(path, "# Written by script/up at each start.\n" + "".join(lines))


def role_environment(layout: Layout, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a role: ours, the settings over it, and the mark."""
    inherited = {name: value for name, value in os.environ.items() if name != ADMIN_PASSWORD}
    return {
        **inherited,
        **settings,
        MARK: str(layout.var),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(environ.get(name) or default)
    except ValueError as error:
        raise StandaloneError(f"{name}={environ[name]} is not a number.") from error
