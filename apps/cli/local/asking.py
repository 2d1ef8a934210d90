"""Asks Attune's own installation on this machine about packs of this machine: no server, no database, no Redis.

The command line knows no Django, so what reads and runs packs is a program of its own; this is the other end of
`apps/local/conversation.py`. It lives as long as one command.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from apps.cli.details import details_of
from apps.cli.errors import Failed, UsageError
from apps.cli.executions.following import Piece

_PROJECT = Path(__file__).resolve().parents[3]
_SETTINGS = "attune.settings.local"
#: Errors of what was typed, not of the pack.
_TYPED = frozenset({"invalid", "invalid_parameters", "no_tests", "unknown_action"})


class LocalError(UsageError):
    """What was typed does not fit the pack."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message, **more)
        self.code = code


class Local:
    """`say` gets what goes on, for people; `log` pieces of the output of what runs."""

    def __init__(self, *, say: Callable[[str], None], log: Callable[[Piece], None] = lambda _: None) -> None:
        self._say = say
        self._log = log

    def __enter__(self) -> Self:
        program = _PROJECT / "manage.py"
        if not program.is_file():
            raise Failed("not_installed", f"This needs Attune's own installation; there is no {program}.")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(program), "local"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": _SETTINGS, "PYTHONPATH": str(_PROJECT)},
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """The end of its stdin stops what still runs there, and its life."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        with self._process:  # waits
            pass

    def ask(self, do: str, **wish: Any) -> dict[str, Any]:
        """The answer. Ctrl-C stops what runs, and then is raised.

        Raises `UsageError` for what does not fit the pack, else `Failed`.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **wish}) + "\n")
        self._process.stdin.flush()
        try:
            return self._listen()
        except KeyboardInterrupt:
            self._process.send_signal(signal.SIGINT)  # the terminal has told it too, if this is one
            self._listen()
            raise

    def _listen(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "say" in message:
                self._say(message["say"])
            elif "log" in message:
                self._log(Piece(message["stream"], 0, message["log"]))
            elif "error" in message:
                raise _error(message["error"])
            else:
                return dict(message["answer"])
        raise Failed("internal_error", "Attune's own program ended early; what it said stands above.")


def _error(facts: dict[str, Any]) -> Failed | UsageError:
    code, text = str(facts["code"]), str(facts["detail"])
    return (LocalError if code in _TYPED else Failed)(code, text, details=details_of(facts))
