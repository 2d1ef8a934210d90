"""Makes a Python environment hold exactly what the pinned requirements say, and nothing unpinned.

Runs on the system's Python, before there is anything else.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from apps.standalone.errors import StandaloneError
from apps.standalone.instance import find_instance
from apps.standalone.layout import ROOT, Layout
from apps.standalone.pip_settings import parse_pip_settings, uv_environment
from apps.standalone.private_folder import make_private
from apps.standalone.report import Report

RUN_REQUIREMENTS = ROOT / "requirements.txt"
DEV_REQUIREMENTS = ROOT / "requirements-dev.txt"

#: Lines of a failed installer's output worth showing.
OUTPUT_LINES = 15


class InstallError(StandaloneError):
    """An installer failed; the message ends with what it said."""


def install(layout: Layout, *, dev: bool, report: Report) -> Path:
    """Return the environment's folder, up to date; quick and silent when there is nothing to do.

    `.venv` of the clone, or `ATTUNE_VENV`. For checks and tests (`dev`) a folder of this user's own where
    that cannot be written. Safe to call twice at once. Raises StandaloneError.
    """
    files = [RUN_REQUIREMENTS, DEV_REQUIREMENTS] if dev else [RUN_REQUIREMENTS]
    venv = _choose(files, may_be_private=dev)
    if not _outdated(venv, files):
        return venv
    with _sole_installer(venv.parent, report=report):
        if outdated := _outdated(venv, files):
            _refuse_under_a_running_attune(layout, outdated)
            _bring_up_to_date(venv, outdated, report=report)
    return venv


def _choose(files: Sequence[Path], *, may_be_private: bool) -> Path:
    venv = Path(os.environ.get("ATTUNE_VENV") or ROOT / ".venv").absolute()
    if os.access(venv if venv.exists() else venv.parent, os.W_OK) or not _outdated(venv, files):
        return venv
    if may_be_private:
        return scratch_folder() / f"venv-{hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]}"
    raise StandaloneError(
        f"{venv} cannot be written and is not up to date. Start as the user it belongs to, or name a folder "
        "for the Python environment in ATTUNE_VENV."
    )


def scratch_folder() -> Path:
    """Return a folder of this user's own that is kept: in the home folder, else in the temporary one."""
    home = Path(os.environ.get("HOME") or "/nonexistent")
    if os.access(home, os.W_OK):
        folder = home / ".cache" / "attune"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    return make_private(Path(tempfile.gettempdir()) / f"attune-{os.geteuid()}")


def _outdated(venv: Path, files: Sequence[Path]) -> list[Path]:
    if not _works(venv):
        return list(files)
    return [file for file in files if _read(_stamp(venv, file)) != _digest(file)]


def _works(venv: Path) -> bool:
    """True if the environment's Python runs; it does not after an upgrade or a move of the system's."""
    try:
        code = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
        trial = [str(venv / "bin" / "python"), "-I", "-c", code]
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _refuse_under_a_running_attune(layout: Layout, outdated: Sequence[Path]) -> None:
    if RUN_REQUIREMENTS in outdated and find_instance(layout.run) is not None:
        raise StandaloneError(
            "The requirements have changed while Attune runs. Stop it first (script/down): the packages "
            "it uses are about to be replaced."
        )


def _bring_up_to_date(venv: Path, files: Sequence[Path], *, report: Report) -> None:
    for file in files:
        _stamp(venv, file).unlink(missing_ok=True)
    if not _works(venv):
        with report.step("making a Python environment"):
            _make(venv)
    with report.step("installing the installer"):
        pip_settings = _bootstrap_uv(venv)
    names = " and ".join(file.name for file in files)
    try:
        with report.step(f"installing {names}"):
            _run(_uv_command(venv, files), environ=uv_environment(pip_settings, environ=os.environ))
    except InstallError as error:
        report.say(f"  uv could not do it, so pip does ({str(error).splitlines()[-1].strip()})")
        with report.step(f"installing {names} with pip"):
            _run(_pip_command(venv, *_requirement_words(files)))
    for file in files:
        _stamp(venv, file).write_text(_digest(file), encoding="ascii")


def _make(venv: Path) -> None:
    try:
        _run([sys.executable, "-I", "-m", "venv", "--clear", str(venv)])
    except InstallError as error:
        raise StandaloneError(
            f"Python's venv does not work here; Debian has it in the package python3-venv.\n{error}"
        ) from error


def _bootstrap_uv(venv: Path) -> dict[str, str]:
    """Install the pinned uv by pip; return what pip is set up with, for uv."""
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "uv.txt"
        pinned.write_text("".join(_requirement("uv", RUN_REQUIREMENTS)), encoding="utf-8")
        _run(_pip_command(venv, *_requirement_words([pinned])))
    return parse_pip_settings(_run([str(venv / "bin" / "python"), "-I", "-m", "pip", "config", "list"]))


def _requirement(name: str, file: Path) -> Iterator[str]:
    """Yield the lines of one requirement: the pin, and the hashes on the lines it is continued on."""
    is_inside = False
    for line in file.read_text("utf-8").splitlines(keepends=True):
        if line.startswith(f"{name}==") or is_inside:
            yield line
            is_inside = line.rstrip().endswith("\\")


def _requirement_words(files: Sequence[Path]) -> list[str]:
    return ["--require-hashes", *(word for file in files for word in ("-r", str(file)))]


def _pip_command(venv: Path, *words: str) -> list[str]:
    # Not -I, which would ignore PIP_* variables.
    quiet = ("--disable-pip-version-check", "--no-input", "--quiet")
    return [str(venv / "bin" / "python"), "-P", "-m", "pip", "install", *quiet, *words]


def _uv_command(venv: Path, files: Sequence[Path]) -> list[str]:
    uv, python = venv / "bin" / "uv", venv / "bin" / "python"
    cache = [] if os.access(os.environ.get("HOME") or "/nonexistent", os.W_OK) else ["--no-cache"]
    # Compiled once here, and not by each process anew: four start at once, and some set-ups keep Python from writing.
    quiet = ("--quiet", "--compile-bytecode")
    return [str(uv), "pip", "install", *quiet, *cache, "--python", str(python), *_requirement_words(files)]


def _run(command: Sequence[str], *, environ: Mapping[str, str] | None = None) -> str:
    try:
        answer = subprocess.run(
            command,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise InstallError(f"{command[0]} cannot be run: {error.strerror}") from error
    if answer.returncode != 0:
        said = (answer.stdout + answer.stderr).strip().splitlines()[-OUTPUT_LINES:]
        raise InstallError(f"{Path(command[0]).name} failed:\n" + "\n".join(f"    {line}" for line in said))
    return answer.stdout


@contextmanager
def _sole_installer(folder: Path, *, report: Report) -> Iterator[None]:
    """Hold a lock on the folder itself, so that no lock file appears in the clone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.say("  another set-up is under way; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _stamp(venv: Path, requirements: Path) -> Path:
    return venv / f"{requirements.name}.sha256"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except OSError:
        return None
