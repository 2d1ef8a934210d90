"""Which program an action starts, and the runtime it belongs to; what can be wrong with both in an action's file."""

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
    """Those this pack brings, then those installed; put together once for all of its actions."""
    if "runtimes" not in context.memo:
        context.memo["runtimes"] = runtimes_in(context)
    runtimes: list[RuntimeDefinition] = context.memo["runtimes"]
    return runtimes


def runtime_of(body: JsonObject, context: ReadContext) -> RuntimeDefinition | None:
    """The one that is named, else what fits by extension, else by the first line of the file."""
    path, _ = split_entry_point(body["entry_point"])
    runtimes = runtimes_of(context)
    if wanted := body.get("runtime"):
        return next((item for item in runtimes if wanted == item.name or wanted in item.aliases), None)
    for item in runtimes:
        if any(path.endswith(extension) for extension in item.extensions):
            return item
    program = _shebang(context, path)
    return next((item for item in runtimes if program and program in item.shebangs), None)


def _shebang(context: ReadContext, path: str) -> str | None:
    """The program named by the first line: `#!/usr/bin/env python3` → `python3`."""
    try:
        with (context.folder / "actions" / path).open("rb") as file:
            first = file.readline(200)
    except OSError:
        return None
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-")]
    return words[0].rsplit("/", 1)[-1] if words else None


def entry_point_mistakes(body: JsonObject, context: ReadContext) -> Iterator[Mistake]:
    path, function = split_entry_point(body["entry_point"])
    if not _stays(context.folder / "actions", path):
        yield ["entry_point"], f"{path} leaves the folder actions/", "put the file into the pack's actions/ folder"
    elif not context.has_file(f"actions/{path}"):
        yield ["entry_point"], f"actions/{path} is not in the pack", "a path relative to the folder actions/"
    elif _has_to_be_executable(body, context) and not os.access(context.folder / "actions" / path, os.X_OK):
        yield ["entry_point"], f"actions/{path} cannot be executed", f"`chmod +x actions/{path}`"
    if function is not None and not function.isidentifier():
        yield ["entry_point"], f"{function} is no name of a function", "`file.py:function`"
    if runtime_of(body, context) is None:
        known = ", ".join(sorted(item.name for item in runtimes_of(context)))
        if "runtime" in body:
            yield ["runtime"], f"there is no runtime {body['runtime']}", f"one of: {known}"
        else:
            yield [], f"no runtime fits {path} by extension or first line", f"write `runtime:`, one of: {known}"


def _stays(folder: Path, path: str) -> bool:
    """Whether `path` lies below `folder`; packs hold no links."""
    base = os.path.normpath(folder)
    return os.path.normpath(f"{base}/{path}").startswith(f"{base}{os.sep}") and not Path(path).is_absolute()


def _has_to_be_executable(body: JsonObject, context: ReadContext) -> bool:
    runtime = runtime_of(body, context)
    return runtime is not None and runtime.command[0] == "{entry_point}"
