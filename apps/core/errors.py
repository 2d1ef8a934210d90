"""The tree of errors a caller may cause or meet. `core.problem` turns them into answers; nothing here knows HTTP."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one place of the input; `pointer` is a JSON pointer (RFC 6901)."""

    pointer: str
    code: str
    detail: str

    def as_json(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


@dataclass(frozen=True)
class FileError:
    """One thing wrong with one place of a pack's file; lines count from 1, 0 means the file as a whole.

    `pointer` is the place as a JSON pointer, for who sent the content of the file and never saw its lines.
    """

    file: str
    line: int
    detail: str
    hint: str = ""
    pointer: str = field(default="", compare=False)

    def as_json(self) -> dict[str, Any]:
        return {"file": self.file, "line": self.line, "detail": self.detail, "hint": self.hint}

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.detail}" + (f" ({self.hint})" if self.hint else "")


class AttuneError(Exception):
    """Something went wrong."""

    code = "error"
    is_retryable = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError | FileError] = (),
        **facts: Any,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.errors = tuple(errors)
        self.facts = facts
        super().__init__(self.detail)

    def as_json(self) -> dict[str, Any]:
        """`{code, detail, errors?, …facts}`: the form kept on operations and sent in answers."""
        body: dict[str, Any] = {"code": self.code, "detail": self.detail, **self.facts}
        if self.errors:
            body["errors"] = [error.as_json() for error in self.errors]
        return body


class Invalid(AttuneError):
    """The input is not valid."""

    code = "invalid"


class NotFound(AttuneError):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"


class Unproven(AttuneError):
    """Nobody is logged in, or the token is unknown, expired or revoked."""

    code = "not_authenticated"


class UnsupportedKind(AttuneError):
    """The body is not JSON."""

    code = "unsupported_media_type"


class Forbidden(AttuneError):
    """You may not do this."""

    code = "forbidden"


class Conflict(AttuneError):
    """The state of things does not allow this."""

    code = "conflict"


class PreconditionFailed(AttuneError):
    """It is not as the request expects it."""

    code = "precondition_failed"


class Unprocessable(AttuneError):
    """The request contradicts an earlier one."""

    code = "unprocessable"


class LimitReached(AttuneError):
    """A limit is reached; try again later."""

    code = "limit_reached"
    is_retryable = True


class Unavailable(AttuneError):
    """A service Attune needs cannot be reached; try again later."""

    code = "unavailable"
    is_retryable = True


class Gone(AttuneError):
    """It was there, and was removed."""

    code = "gone"


#: What the system says when a disk is full, or may not be written any more.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class DiskFull(Unavailable):
    """There is no room left on the disk."""

    code = "disk_full"


@dataclass
class ErrorCollector:
    """Gathers all errors of one file or folder, so that an author sees them at once."""

    errors: list[FileError] = field(default_factory=list)

    def add(self, file: str, line: int, detail: str, hint: str = "", pointer: str = "") -> None:
        self.errors.append(FileError(file, line, detail, hint, pointer))
