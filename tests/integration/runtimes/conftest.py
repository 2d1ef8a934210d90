"""The runtimes of the core pack and the interpreters of this host."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation, detect
from tests.integration.runtimes.wheelhouse import make_wheelhouse
from tests.integration.runtimes.world import World

CORE = Path(__file__).resolve().parents[3] / "packs/core/runtimes"


def _definition(name: str) -> RuntimeDefinition:
    return RuntimeDefinition.from_json(yaml.safe_load((CORE / f"{name}.yaml").read_text()))


@pytest.fixture(scope="session")
def python_runtime() -> RuntimeDefinition:
    return _definition("python")


@pytest.fixture(scope="session")
def shell_runtime() -> RuntimeDefinition:
    return _definition("shell")


@pytest.fixture(scope="session")
def installation(python_runtime: RuntimeDefinition) -> Installation:
    """The Python a worker on this host would choose."""
    return detect(python_runtime, search_path=os.environ["PATH"]).installations[0]


@pytest.fixture
def pack_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "packs" / "acme"
    folder.mkdir(parents=True)
    return folder


def _pythons() -> Iterator[str]:
    """Every Python from 3.6 on that can be found: on PATH, and where pyenv keeps its own."""
    names = ["python3", *(f"python3.{minor}" for minor in range(6, 16)), "pypy3"]
    found = [path for name in names if (path := shutil.which(name))]
    found += [str(path) for path in Path.home().glob(".pyenv/versions/*/bin/python3")]
    seen = set()
    for path in found:
        done = subprocess.run(
            [path, "-c", "import sys; print(sys.executable, sys.version_info >= (3, 6))"],
            capture_output=True,
            text=True,
            check=False,
        )
        executable, _, is_fit = done.stdout.strip().partition(" ")
        if done.returncode == 0 and is_fit == "True" and os.path.realpath(executable) not in seen:
            seen.add(os.path.realpath(executable))
            yield executable


PYTHONS = sorted(_pythons())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "any_python" in metafunc.fixturenames:
        metafunc.parametrize(
            "any_python",
            PYTHONS,
            ids=[Path(path).parents[1].name + "/" + Path(path).name for path in PYTHONS],
        )


@pytest.fixture
def world(tmp_path: Path, python_runtime: RuntimeDefinition, installation: Installation) -> World:
    environ = make_wheelhouse(tmp_path / "wheelhouse")
    return World(tmp_path, python_runtime, installation, environ)
