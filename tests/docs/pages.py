"""A page of the documents as a reader takes it: files to write, commands to type, outputs to compare."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<ticks>`{3,})\s*(?P<info>.*)$")
_WORD = re.compile(r'\.(?P<class>[\w-]+)|(?P<key>[\w-]+)="(?P<value>[^"]*)"|(?P<language>[\w-]+)')
#: Languages of blocks that are typed into a shell; `bash` is the text of a program.
_TYPED = {"sh", "console"}


@dataclass(frozen=True)
class Block:
    """What stands between two fences. `line` is that of the first fence."""

    line: int
    classes: tuple[str, ...]
    title: str
    text: str

    @property
    def is_typed(self) -> bool:
        return bool(_TYPED & set(self.classes))

    @property
    def is_output(self) -> bool:
        return "output" in self.classes


def blocks_of(page: Path) -> Iterator[Block]:
    """All fenced blocks, also indented ones. Raises ValueError for a fence that is not closed."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        found = _FENCE.match(lines[number].strip())
        if found is None:
            number += 1
            continue
        indent = len(lines[number]) - len(lines[number].lstrip())
        end = next((at for at in range(number + 1, len(lines)) if lines[at].strip() == found["ticks"]), None)
        if end is None:
            raise ValueError(f"{page}:{number + 1}: a fence that is not closed")
        text = "".join(f"{line[indent:]}\n" for line in lines[number + 1 : end])
        yield _block(number + 1, found["info"], text)
        number = end + 1


def _block(line: int, info: str, text: str) -> Block:
    words = list(_WORD.finditer(info.strip("{} ")))
    classes = tuple(word["class"] or word["language"] for word in words if not word["key"])
    title = next((word["value"] for word in words if word["key"] == "title"), "")
    return Block(line, classes, title, text)


def commands_of(text: str) -> Iterator[str]:
    """Each complete command of a block, which may go over several lines."""
    command = ""
    for line in text.splitlines(keepends=True):
        command += line
        if command.strip() and _is_complete(command):
            yield command
            command = ""
    if command.strip():
        raise ValueError(f"not a complete command:\n{command}")


def _is_complete(command: str) -> bool:
    if command.rstrip("\n").endswith("\\"):
        return False
    checked = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, check=False)
    return checked.returncode == 0 and not checked.stderr  # an unfinished here-document only warns


def differs(shown: str, said: str) -> str:
    """Why `said` is not what the page shows, or nothing. `…` stands for any text in a line, alone for any lines.

    Spaces in a row count as one: widths of tables follow their content.
    """
    expected = [_plain(line) for line in shown.strip().splitlines()]
    actual = [_plain(line) for line in said.strip().splitlines()]
    return "" if _fits(expected, actual) else f"the page shows\n{shown.strip()}\n\nbut it was\n{said.strip()}"


def _plain(line: str) -> str:
    return " ".join(line.split())


def _fits(expected: list[str], actual: list[str]) -> bool:
    if not expected:
        return not actual
    if expected[0] == "…":
        return any(_fits(expected[1:], actual[skipped:]) for skipped in range(len(actual) + 1))
    return bool(actual) and _line_fits(expected[0], actual[0]) and _fits(expected[1:], actual[1:])


def _line_fits(expected: str, actual: str) -> bool:
    """Spaces around the dots are for the eye."""
    parts = [part.strip() for part in expected.split("…")]
    return re.fullmatch(".*?".join(map(re.escape, parts)), actual) is not None
