"""Takes the place of a worker's process where only its writes matter: claims, and ends what it claimed."""

from apps.executions.definitions import definition_of
from apps.executions.models import Execution
from apps.executions.services.finish import Ending, finish
from apps.executions.states import Status
from apps.executions.transitions import Claimed, claim
from apps.workers.models import Worker


def claimed(execution: Execution, worker: Worker) -> Claimed:
    execution.refresh_from_db()
    found = claim(execution.pk, attempt=execution.attempt, worker_id=worker.pk)
    assert found is not None, f"{execution} is {execution.status}"
    return found


def end(claim_: Claimed, status: Status = Status.SUCCEEDED, **fields: object) -> Status:
    ending = Ending(status=status, **fields)  # type: ignore[arg-type]  # fields of an Ending, as the test wants them
    return finish(claim_, ending, rules=definition_of(claim_.definition_id))


def status_of(execution: Execution) -> str:
    return Execution.objects.values_list("status", flat=True).get(pk=execution.pk)
