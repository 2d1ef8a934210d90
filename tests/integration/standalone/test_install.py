"""Setting up a clone, with real environments and pip; packages come from a folder, not from the network."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.integration.standalone.conftest import ROOT, as_root

#: Stands for uv: notes how it was called, then installs as the real one would.
FAKE_UV = """#!/bin/sh
env | grep ^UV_ | sort > "$UV_NOTES"
echo "$*" >> "$UV_NOTES"
[ -z "${UV_FAILS:-}" ] || { echo 'error: no route to index' >&2; exit 1; }
while [ "$1" != --python ]; do shift; done
python=$2; shift 2
exec "$python" -m pip install --quiet "$@"
"""


class Clone:
    """A clone with requirements of its own, in a path with spaces, and a folder that is its package index."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone with spaces"
        self.index = folder / "index"
        self.index.mkdir(parents=True)
        shutil.copytree(ROOT / "apps" / "standalone", self.root / "apps" / "standalone")
        (self.root / "apps" / "__init__.py").touch()
        shutil.copytree(ROOT / "script", self.root / "script")
        self.require(self.wheel("uv", script=FAKE_UV), self.wheel("greeting"))
        (self.root / "requirements-dev.txt").write_text(self.wheel("linter"))

    def wheel(self, name: str, *, version: str = "1.0", script: str = "") -> str:
        """Put a package into the index; return the line that requires it."""
        path = self.index / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}_package.py": f"version = {version!r}\n",
            **({f"{name}-{version}.data/scripts/{name}": script} if script else {}),
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as archive:
            for inside, text in files.items():
                file = zipfile.ZipInfo(inside)  # of no date: made again it has the same hash
                file.external_attr = 0o100755 << 16 if text == script else 0o100644 << 16
                archive.writestr(file, text)
        return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"

    def require(self, *lines: str) -> None:
        (self.root / "requirements.txt").write_text("".join(lines))

    def command(self, *words: str) -> list[str]:
        return [str(self.root / "script" / "python"), "-m", "apps.standalone", "install", *words]

    def environ(self, **environ: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        notes = {"UV_NOTES": str(self.root / "uv-notes")}
        pip = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index)}
        return {**kept, **notes, **pip, **environ}

    def install(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env=self.environ(**environ),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def version_of(self, name: str) -> str | None:
        python = self.root / ".venv" / "bin" / "python"
        code = f"import {name}_package as package; print(package.version)"
        answer = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
        return answer.stdout.strip() or None

    def uv_notes(self) -> str:
        return (self.root / "uv-notes").read_text()


@pytest.fixture(scope="module")
def bare_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing in it but pip, to be copied: making one takes seconds."""
    venv = tmp_path_factory.mktemp("bare") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    return venv


@pytest.fixture
def fresh_clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.fixture
def clone(fresh_clone: Clone, bare_venv: Path) -> Clone:
    """A clone with an environment in which nothing is installed yet."""
    shutil.copytree(bare_venv, fresh_clone.root / ".venv", symlinks=True)
    return fresh_clone


@pytest.fixture(scope="module")
def set_up_before(tmp_path_factory: pytest.TempPathFactory, bare_venv: Path) -> Clone:
    """Where it has been done, to be copied: two runs of pip take seconds."""
    clone = Clone(tmp_path_factory.mktemp("before"))
    shutil.copytree(bare_venv, clone.root / ".venv", symlinks=True)
    answer = clone.install()
    assert answer.returncode == 0, answer.stderr
    return clone


@pytest.fixture
def installed(fresh_clone: Clone, set_up_before: Clone) -> Clone:
    shutil.copytree(set_up_before.root / ".venv", fresh_clone.root / ".venv", symlinks=True)
    shutil.copy(set_up_before.root / "uv-notes", fresh_clone.root)
    return fresh_clone


def test_a_first_set_up_installs_what_is_pinned_and_says_where(fresh_clone: Clone) -> None:
    clone = fresh_clone
    answer = clone.install()
    assert answer.returncode == 0, answer.stderr
    assert "making a Python environment" in answer.stderr
    assert answer.stdout == f"{clone.root / '.venv'}\n"
    assert "installing requirements.txt" in answer.stderr
    assert clone.version_of("greeting") == "1.0"
    assert clone.version_of("linter") is None


def test_uv_learns_what_pip_is_set_up_with(set_up_before: Clone) -> None:
    assert f"UV_FIND_LINKS={set_up_before.index}\n" in set_up_before.uv_notes()
    assert "UV_NO_INDEX=1\n" in set_up_before.uv_notes()
    assert "--require-hashes" in set_up_before.uv_notes()


def test_where_uv_fails_pip_does_it_and_it_is_said(clone: Clone) -> None:
    answer = clone.install(UV_FAILS="yes")
    assert answer.returncode == 0
    assert "uv could not do it, so pip does (error: no route to index)" in answer.stderr
    assert clone.version_of("greeting") == "1.0"


def test_a_second_set_up_does_nothing_and_says_nothing(installed: Clone) -> None:
    (installed.root / "uv-notes").unlink()
    answer = installed.install()
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"{installed.root / '.venv'}\n", "")
    assert not (installed.root / "uv-notes").exists()


def test_changed_requirements_are_installed(installed: Clone) -> None:
    installed.require(installed.wheel("uv", script=FAKE_UV), installed.wheel("greeting", version="2.0"))
    assert installed.install().returncode == 0
    assert installed.version_of("greeting") == "2.0"


def test_a_set_up_that_failed_is_not_taken_for_done_when_the_old_requirements_come_back(
    installed: Clone,
) -> None:
    before = (installed.root / "requirements.txt").read_text()
    installed.require(before, "missing==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    assert installed.install().returncode == 1
    installed.require(before)
    assert "installing requirements.txt" in installed.install().stderr


def test_a_package_that_is_not_the_pinned_one_is_not_installed(clone: Clone) -> None:
    pinned = clone.wheel("greeting")
    with zipfile.ZipFile(clone.index / "greeting-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("evil.py", "")
    clone.require(clone.wheel("uv", script=FAKE_UV), pinned)
    answer = clone.install()
    assert answer.returncode == 1
    assert "DO NOT MATCH THE HASHES" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert clone.version_of("greeting") is None
    assert clone.install().returncode == 1  # it is not taken for done


def test_the_tools_of_development_come_on_request_and_keep_the_rest(installed: Clone) -> None:
    assert installed.install("--dev").returncode == 0
    assert (installed.version_of("linter"), installed.version_of("greeting")) == ("1.0", "1.0")
    assert "requirements.txt" not in installed.uv_notes()


def test_an_environment_whose_python_is_gone_is_made_anew(installed: Clone) -> None:
    python = installed.root / ".venv" / "bin" / "python3"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert installed.install().returncode == 0
    assert installed.version_of("greeting") == "1.0"


def test_two_set_ups_at_once_do_it_once(clone: Clone) -> None:
    begin = [clone.command(), clone.command()]
    environ = clone.environ()
    processes = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in begin
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sum("installing requirements.txt" in errors for _, errors in outputs) == 1
    assert clone.version_of("greeting") == "1.0"


def test_another_folder_for_the_environment_is_honoured(fresh_clone: Clone, bare_venv: Path, tmp_path: Path) -> None:
    clone = fresh_clone
    shutil.copytree(bare_venv, tmp_path / "elsewhere" / "venv", symlinks=True)
    answer = clone.install(ATTUNE_VENV=str(tmp_path / "elsewhere" / "venv"))
    assert answer.stdout == f"{tmp_path / 'elsewhere' / 'venv'}\n"
    assert not (clone.root / ".venv").exists()


@as_root
def test_somebody_elses_clone_gets_an_environment_of_ones_own_for_tests_only(
    folder_of_somebody: Path,
) -> None:
    clone = Clone(folder_of_somebody)
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    environ = clone.environ(HOME="/nonexistent", PATH="/usr/local/bin:/usr/bin:/bin", TMPDIR=str(folder_of_somebody))
    if subprocess.run([clone.root / "script" / "python", "--version"], env=environ, check=False, **nobody).returncode:  # type: ignore[call-overload]  # a dict of options
        pytest.skip("nobody can reach no Python of 3.11 or newer")
    environ["UV_NOTES"] = str(folder_of_somebody / "uv-notes")

    def install(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload, no-any-return]  # a dict of options
            clone.command(*words),
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **nobody,
        )

    assert "name a folder for the Python environment in ATTUNE_VENV" in install().stderr.replace("\n", " ")
    answer = install("--dev")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"{folder_of_somebody}/attune-")
    assert install("--dev").stderr == ""
