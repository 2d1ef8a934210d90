"""Writes the folder of a new pack from a template: a manifest, an action that runs, a test, a README."""

import re
from pathlib import Path

from apps.cli.errors import Failed, UsageError
from apps.packs.reserved import RESERVED

_TEMPLATES = Path(__file__).with_name("templates")
_SUFFIX = ".template"
_REF = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_MAX_REF_CHARS = 100


def runtimes() -> list[str]:
    """Those there are templates for."""
    return sorted(path.name for path in _TEMPLATES.iterdir() if path.is_dir())


def write_pack(ref: str, folder: Path, *, runtime: str) -> list[Path]:
    """The files that were written, relative to `folder`, which is made. Raises `UsageError` and `Failed`."""
    if not _REF.fullmatch(ref) or len(ref) > _MAX_REF_CHARS:
        raise UsageError(f"{ref} is no name for a pack: lower case letters, digits and _, joined by dots.")
    if ref in RESERVED:
        raise UsageError(f"The ref {ref!r} is reserved; choose another.")
    if runtime not in runtimes():
        raise UsageError(f"There is no template for {runtime}; there are: {', '.join(runtimes())}.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Failed("exists", f"{folder} is there already; nothing was written.")
    values = {"ref": ref, "label": ref.replace(".", " ").replace("_", " ").capitalize()}
    templates = {**_templates(_TEMPLATES, depth="*"), **_templates(_TEMPLATES / runtime, depth="**/*")}
    try:
        for path, template in templates.items():
            _write(folder / path, template, values)
    except OSError as error:
        raise Failed("not_written", f"{error.filename} cannot be written: {error.strerror}.") from error
    return sorted(templates)


def _templates(base: Path, *, depth: str) -> dict[Path, Path]:
    found = (path for path in base.glob(f"{depth}{_SUFFIX}") if path.is_file())
    return {path.relative_to(base).with_name(path.name.removesuffix(_SUFFIX)): path for path in found}


def _write(target: Path, template: Path, values: dict[str, str]) -> None:
    text = template.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8") as file:
        file.write(text)
    if template.stat().st_mode & 0o100:
        target.chmod(target.stat().st_mode | 0o111)
