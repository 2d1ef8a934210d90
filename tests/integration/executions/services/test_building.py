from apps.executions.models import Execution
from apps.executions.services.building import building_told
from apps.executions.services.cancel import cancel_execution
from tests.asking import ask
from tests.factories import make_worker
from tests.people import People
from tests.running import claimed


def reason_code(execution: Execution) -> str | None:
    execution.refresh_from_db()
    return execution.reason["code"] if execution.reason else None


def test_it_says_that_its_environment_is_built_only_while_it_is(people: People) -> None:
    (execution,) = ask(people)
    with building_told(claimed(execution, make_worker())) as on_build:
        assert reason_code(execution) is None
        on_build()
        assert reason_code(execution) == "environment_building"
    assert reason_code(execution) is None


def test_who_canceled_it_is_not_written_over(people: People) -> None:
    (execution,) = ask(people)
    claim = claimed(execution, make_worker())
    with building_told(claim) as on_build:
        cancel_execution(people.owner, execution.pk)
        on_build()
    assert reason_code(execution) == "canceled"
    with building_told(claim) as on_build:
        pass
    assert reason_code(execution) == "canceled"
