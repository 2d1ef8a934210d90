"""From `script/up --detach` to ready."""

import shutil
from pathlib import Path

from bench.figures import Figure, at_most
from bench.floor import ROOT
from bench.private_attune import private_attune
from bench.scripts import Scripts, environment_without_attune
from bench.stage import Stage

#: What a clone does not have.
_NOT_CLONED = shutil.ignore_patterns(".git", ".venv", "var", "site", "__pycache__", ".*_cache", ".hypothesis")


def start(stage: Stage) -> list[Figure]:
    """Later starts of an Attune; the first one in a fresh clone only where there is time for it."""
    later = [stage.attune.restart() for _ in range(2 if stage.is_quick else 7)]
    figures = [Figure(name="start: a later one", unit="s", values=later, budget=at_most(6, "s"))]
    return figures if stage.is_quick else [*figures, _first(stage.folder / "clone")]


def _first(clone: Path) -> Figure:
    """Environment, databases and all; the packages are fetched once before, into whatever cache there is."""
    shutil.copytree(ROOT, clone, ignore=_NOT_CLONED, symlinks=True)
    own_venv = {"ATTUNE_VENV": str(clone / ".venv")}
    Scripts(clone, {**environment_without_attune(), **own_venv}).run("python", "-m", "apps.standalone", "install")
    shutil.rmtree(clone / ".venv")
    with private_attune(own_venv, root=clone) as attune:
        taken = attune.started_in_s
    return Figure(name="start: the first one, packages cached", unit="s", values=[taken], budget=at_most(60, "s"))
