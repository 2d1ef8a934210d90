"""Makes one request for an environment; nothing has to exist for it."""

from pathlib import Path
from typing import Any

from apps.runtimes.definition import EnvironmentDefinition, RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.environments.request import EnvironmentRequest

PYTHON = RuntimeDefinition(
    name="python",
    label="Python",
    detect=(("python3", "--version"),),
    command=("{interpreter}", "{entry_point}"),
    environment=EnvironmentDefinition(
        provider="virtualenv",
        manifest="requirements.txt",
        lock="requirements.lock",
        executable="{env_dir}/bin/python",
    ),
)


def make_request(pack_dir: Path = Path("/packs/acme"), **fields: Any) -> EnvironmentRequest:
    values: dict[str, Any] = {
        "pack_ref": "acme.web",
        "runtime": PYTHON,
        "installation": Installation("3.11.7", "/usr/bin/python3.11"),
        **fields,
    }
    return EnvironmentRequest(pack_dir=pack_dir, **values)
