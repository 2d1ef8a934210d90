"""Cancels or reruns many executions, each for itself: one that cannot be done does not hold up the others."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.core.database import Trouble, first_line, release_connection, trouble_of
from apps.core.errors import AttuneError, FieldError, Invalid
from apps.executions.services.cancel import cancel_execution
from apps.executions.services.rerun import rerun_execution

if TYPE_CHECKING:
    from apps.accounts.models import Identity

logger = logging.getLogger(__name__)

_GIVEN_UP = "The database gave this up; look whether it was done before you ask again."
_NOT_ASKED = "Not done: the database could not be reached."
#: Most executions one call takes.
MAX_BULK = 500


@dataclass(frozen=True)
class Outcome:
    """What became of one. `new_id` is the execution that a rerun made; `code` and `detail` say why it was not done."""

    id: int
    ok: bool
    new_id: int | None = None
    code: str = ""
    detail: str = ""


def cancel_many(identity: "Identity", ids: Sequence[int]) -> list[Outcome]:
    """One outcome for each different id, in their order. Raises `Invalid` for more than `MAX_BULK`."""

    def cancel(execution_id: int) -> None:
        cancel_execution(identity, execution_id)

    return _each(ids, cancel)


def rerun_many(identity: "Identity", ids: Sequence[int]) -> list[Outcome]:
    """One outcome for each different id; they take their places in line in the order of the list.

    Raises `Invalid` for more than `MAX_BULK`.
    """
    return _each(ids, lambda execution_id: rerun_execution(identity, execution_id, parameters={}).pk)


def _each(ids: Iterable[int], do: Callable[[int], int | None]) -> list[Outcome]:
    """A database that goes away is an outcome as well once something was done: else nobody would know what."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MAX_BULK:
        detail = f"{len(wanted)} executions; at most {MAX_BULK} are taken at once"
        raise Invalid(detail, errors=[FieldError("/ids", "max_length", detail)])
    outcomes: list[Outcome] = []
    trouble: Trouble | None = None
    for execution_id in wanted:
        if trouble is Trouble.AWAY:  # each would wait for it
            outcomes.append(Outcome(execution_id, ok=False, code=trouble, detail=_NOT_ASKED))
            continue
        try:
            outcomes.append(_outcome(execution_id, do))
        except Exception as error:
            trouble = trouble_of(error)
            if trouble is None or not any(outcome.ok for outcome in outcomes):
                raise
            logger.warning("%s: %s", trouble, first_line(error), extra={"execution_id": execution_id})
            release_connection()
            outcomes.append(Outcome(execution_id, ok=False, code=trouble, detail=_GIVEN_UP))
    return outcomes


def _outcome(execution_id: int, do: Callable[[int], int | None]) -> Outcome:
    try:
        return Outcome(execution_id, ok=True, new_id=do(execution_id))
    except AttuneError as error:
        return Outcome(execution_id, ok=False, code=error.code, detail=error.detail)
