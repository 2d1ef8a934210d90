"""What can be wrong with criteria, before and while they are evaluated."""

from apps.core.errors import Invalid


class InvalidCriteria(Invalid):
    """The criteria of the rule are not valid."""

    code = "invalid_criteria"


class BadPattern(ValueError):
    """A pattern its operator cannot use; `code` names the kind of mistake."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class BadPath(ValueError):
    """A path that cannot be read; the text says why."""


class Mistake(Exception):
    """A value its operator cannot be asked about: neither true nor false. The text says why."""


class TooCostly(Exception):
    """The evaluation has used what it may use."""
