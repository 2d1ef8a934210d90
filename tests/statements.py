"""Counts what a piece of code asks of the database."""

from django.test.utils import CaptureQueriesContext

_WRITES = frozenset({"WITH", "INSERT", "UPDATE", "DELETE"})


def words_of(captured: CaptureQueriesContext) -> list[str]:
    """The first word of every statement."""
    return [query["sql"].split(maxsplit=1)[0].upper() for query in captured.captured_queries]


def commits_in(captured: CaptureQueriesContext) -> int:
    """Transactions that wrote: each COMMIT, and each writing statement outside a transaction."""
    commits, is_open = 0, False
    for word in words_of(captured):
        if word == "BEGIN":
            is_open = True
        elif word == "COMMIT":
            is_open, commits = False, commits + 1
        elif word in _WRITES and not is_open:
            commits += 1
    return commits


def statements_in(captured: CaptureQueriesContext) -> int:
    return len([word for word in words_of(captured) if word not in ("BEGIN", "COMMIT")])
