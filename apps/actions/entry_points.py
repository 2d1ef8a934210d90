"""Which program a file of a pack starts, and the runtime it belongs to; what can be wrong with both.

Actions and sensors name theirs alike, each relative to the folder they lie in.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from apps.core.types import JsonObject
from apps.packs.content import ReadContext
from apps.packs.runtime_files import runtimes_in
from apps.runtimes.definition import RuntimeDefinition

#: Where in the file, what is wrong, and what helps.
Mistake = tuple[Sequence[str | int], str, str]


def split_entry_point(text: str) -> tuple[str, str | None]:
    """`resize.py:main` → `("resize.py", "main")`."""
    path, separator, function = text.rpartition(":")
    return (path, function) if separator and path else (text, None)


def runtimes_of(context: ReadContext) -> list[RuntimeDefinition]:
    """Those this pack brings, then those installed; put together once for all of its files."""
    if "runtimes" not in context.memo:
        context.memo["runtimes"] = runtimes_in(context)
    runtimes: list[RuntimeDefinition] = context.memo["runtimes"]
    return runtimes


def runtime_of(body: JsonObject, context: ReadContext) -> RuntimeDefinition | None:
    """Of an action."""
    return runtime_for(split_entry_point(body["entry_point"])[0], body.get("runtime"), context, folder="actions")


def runtime_for(path: str, wanted: str | None, context: ReadContext, *, folder: str) -> RuntimeDefinition | None:
    """The one that is `wanted`, else what fits by extension, else by the first line of the file."""
    runtimes = runtimes_of(context)
    if wanted:
        return next((item for item in runtimes if wanted == item.name or wanted in item.aliases), None)
    for item in runtimes:
        if any(path.endswith(extension) for extension in item.extensions):
            return item
    program = _shebang(context.folder / folder / path)
    return next((item for item in runtimes if program and program in item.shebangs), None)


def _shebang(file: Path) -> str | None:
    """The program named by the first line: `#!/usr/bin/env python3` → `python3`."""
    try:
        with file.open("rb") as opened:
            first = opened.readline(200)
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return None
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-")]
    return words[0].rsplit("/", 1)[-1] if words else None


def entry_point_mistakes(body: JsonObject, context: ReadContext) -> Iterator[Mistake]:
    """Of an action, whose entry point may name a function."""
    path, function = split_entry_point(body["entry_point"])
    if function is not None and not function.isidentifier():
        yield ["entry_point"], f"{function} is no name of a function", "`file.py:function`"
    yield from program_mistakes(path, body.get("runtime"), context, folder="actions")


def program_mistakes(path: str, wanted: str | None, context: ReadContext, *, folder: str) -> Iterator[Mistake]:
    """`wanted`: the runtime that the file names, if it does."""
    runtime = runtime_for(path, wanted, context, folder=folder)
    if not _stays(context.folder / folder, path):
        yield ["entry_point"], f"{path} leaves the folder {folder}/", f"put the file into the pack's {folder}/ folder"
    elif not context.has_file(f"{folder}/{path}"):
        yield ["entry_point"], f"{folder}/{path} is not in the pack", f"a path relative to the folder {folder}/"
    elif runtime and _starts_files(runtime) and not os.access(context.folder / folder / path, os.X_OK):
        yield ["entry_point"], f"{folder}/{path} cannot be executed", f"`chmod +x {folder}/{path}`"
    if runtime is None:
        known = ", ".join(sorted(item.name for item in runtimes_of(context)))
        if wanted is not None:
            yield ["runtime"], f"there is no runtime {wanted}", f"one of: {known}"
        else:
            yield [], f"no runtime fits {path} by extension or first line", f"write `runtime:`, one of: {known}"


def _stays(folder: Path, path: str) -> bool:
    """Whether `path` lies below `folder`; packs hold no links."""
    base = os.path.normpath(folder)
    return os.path.normpath(f"{base}/{path}").startswith(f"{base}{os.sep}") and not Path(path).is_absolute()


def _starts_files(runtime: RuntimeDefinition) -> bool:
    """Themselves, without an interpreter."""
    return runtime.command[0] == "{entry_point}"
