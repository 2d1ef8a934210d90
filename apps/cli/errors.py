"""What can go wrong, as the command line tells it: a code, a sentence, what to do, and the exit code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Stable: scripts rely on them."""

    OK = 0
    #: the run, or what was asked for, did not succeed
    FAILED = 1
    #: what was typed cannot be meant: unknown names, parameters that do not fit, no profile
    USAGE = 2
    #: Attune does not answer, or says that it cannot serve now
    UNREACHABLE = 3
    #: 128 + SIGINT, as shells have it
    INTERRUPTED = 130


@dataclass(frozen=True)
class Detail:
    """One of several things wrong; `place` is a parameter (`parameters.count`) or a line (`actions/a.yaml:3`)."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


class CliError(Exception):
    """Ends the command with `exit_code`; `hints` say what to do next."""

    code = "error"
    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, details: Sequence[Detail] = (), hints: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)
        self.hints = list(hints)


class UsageError(CliError):
    """What was typed cannot be meant."""

    code = "usage"
    exit_code = ExitCode.USAGE


class InvalidValues(UsageError):
    """Parameters that do not fit the action, found before it was asked for."""

    code = "invalid_parameters"


class BadConfiguration(UsageError):
    """The profile cannot be used."""

    code = "configuration"


class Failed(CliError):
    """What was asked for was tried and did not succeed."""

    def __init__(self, code: str, message: str, *, details: Sequence[Detail] = (), hints: Sequence[str] = ()) -> None:
        super().__init__(message, details=details, hints=hints)
        self.code = code


class Unreachable(CliError):
    """No answer from Attune, or one that says it cannot serve now. Asking again later may help."""

    code = "unreachable"
    exit_code = ExitCode.UNREACHABLE


class ApiError(CliError):
    """Attune said no. `facts` is the whole problem document, `status` the HTTP status."""

    def __init__(
        self, status: int, facts: Mapping[str, Any], *, details: Sequence[Detail] = (), hints: Sequence[str] = ()
    ) -> None:
        super().__init__(str(facts.get("detail") or facts.get("title") or ""), details=details, hints=hints)
        self.status = status
        self.facts = facts
        self.code = str(facts.get("code") or f"http_{status}")
        if status in (400, 404, 413, 422):
            self.exit_code = ExitCode.USAGE
