"""A reader who types what a page says, into one shell, from top to bottom."""

import os
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.docs.pages import Block, commands_of, differs

#: Longest time one command may take; the first `script/up` prepares a database.
_COMMAND_S = 120.0
#: How long a look at something may be repeated until it shows what the page shows: a person types slower than a test.
_LOOK_AGAIN_S = 20.0
#: Commands that only look. They may be given again.
_LOOKS = ("list", "show", "stats", "history", "status", "attempts", "logs", "result", "artifacts", "environments")


class Reader:
    """One shell, in the clone. `replaced` stands for addresses that are free here but not the page's."""

    def __init__(self, clone: Path, environment: Mapping[str, str], *, replaced: Mapping[str, str]) -> None:
        self._home = Path(environment["HOME"])
        self._replaced = replaced
        self._output = self._home / ".output"
        ends, told = os.pipe()
        self._ends = ends
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            env={**environment, "ENDS": str(told)},
            cwd=clone,
            pass_fds=[told],
            text=True,
            start_new_session=True,
        )
        os.close(told)

    def close(self) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(30)
        os.close(self._ends)

    def write(self, block: Block) -> None:
        """The file that a block with a title shows."""
        path = Path(block.title.replace("~", str(self._home), 1))
        assert path.is_absolute(), f"{block.title}: files of a page stand below ~"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(block.text), encoding="utf-8")

    def type(self, block: Block, shown: Block | None) -> None:
        """All commands of a block; what they say together is compared with `shown`."""
        commands = list(commands_of(self._here(block.text)))
        deadline = time.monotonic() + _LOOK_AGAIN_S
        while True:
            said = "".join(map(self._type_one, commands))
            difference = differs(self._here(shown.text), said) if shown else ""
            if not difference:
                return
            may_repeat = all(any(word in command.split() for word in _LOOKS) for command in commands)
            assert may_repeat, difference
            assert time.monotonic() < deadline, difference

    def _type_one(self, command: str) -> str:
        """What it said. It must end with exit code 0."""
        assert self._shell.stdin is not None
        file = self._home / ".command"
        file.write_text(command, encoding="utf-8")
        self._shell.stdin.write(f". {file} > {self._output} 2>&1 < /dev/null; echo $? >&$ENDS\n")
        self._shell.stdin.flush()
        ready, _, _ = select.select([self._ends], [], [], _COMMAND_S)
        said = self._output.read_text(encoding="utf-8", errors="replace")
        assert ready, f"it did not end within {_COMMAND_S:g} s:\n{command}\n{said}"
        code = int(os.read(self._ends, 16))
        assert code == 0, f"exit code {code}:\n{command}\n{said}"
        return said

    def _here(self, text: str) -> str:
        for page, here in self._replaced.items():
            text = text.replace(page, here)
        return text
