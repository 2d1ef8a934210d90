"""Secret outputs: sealed apart from the result, handed on by reference, to those who may see where they come from."""

import pytest
from django.db import connection

from apps.accounts.models import Identity
from apps.actions.parameters import InvalidParameters
from apps.core.errors import FieldError
from apps.executions.definitions import definition_of
from apps.executions.ending import Judge
from apps.executions.models import Execution, SecretOutputs
from apps.executions.secrets import unseal
from apps.executions.services.finish import finish
from apps.executions.services.request import Wish, request_executions
from apps.runner.outcome import Ended, RunResult
from apps.runner.redact import Masker
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed

TOKEN = "sw0rdf1sh-output"
OUTPUT = {
    "type": "object",
    "properties": {"token": {"type": "string", "secret": True}, "other": {"secret": True}, "url": {"type": "string"}},
}


@pytest.fixture
def source(people: People) -> Execution:
    """An execution that gave back a token, as its owner."""
    action = make_action("issue", output=OUTPUT)
    (pk,) = request_executions(people.owner, [Wish(action=action.ref)]).execution_ids
    claim = claimed(Execution.objects.get(pk=pk), make_worker())
    definition = definition_of(claim.definition_id)
    judge = Judge(definition=definition, timeout_s=1.0, masker=Masker([]), keep_large=lambda data: "")
    said = f'{{"token": "{TOKEN}", "url": "https://host/?t={TOKEN}", "other": null}}'.encode()
    finish(claim, judge.ending_of(RunResult(ended=Ended.EXITED, exit_code=0, result_bytes=said)), rules=definition)
    return Execution.objects.get(pk=pk)


def reference(execution: Execution, output: str = "token") -> dict[str, object]:
    return {"$secret": {"execution": execution.pk, "output": output}}


def use(identity: Identity, value: object, *, secret: bool = True) -> Execution:
    action = make_action("use", parameters={"token": {"type": "string", "maxLength": 100, "secret": secret}})
    (pk,) = request_executions(identity, [Wish(action=action.ref, parameters={"token": value})]).execution_ids
    return Execution.objects.get(pk=pk)


def test_a_secret_output_stands_masked_in_the_result_and_in_no_column(source: Execution) -> None:
    assert source.status == "succeeded"
    assert source.result == {"token": "***", "url": "https://host/?t=***", "other": None}
    with connection.cursor() as cursor:
        for table in ("executions_execution", "executions_history", "executions_secretoutputs"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            assert not [row for (row,) in cursor.fetchall() if TOKEN in row or TOKEN.encode().hex() in row]


def test_a_secret_parameter_takes_it_by_reference(source: Execution, people: People) -> None:
    later = use(people.owner, reference(source))
    assert later.parameters == {}
    assert later.secret_parameters is not None
    row = later.secret_parameters
    assert unseal(row.pk, bytes(row.sealed)) == {"token": TOKEN}


@pytest.mark.parametrize("output", ["url", "other", "nothing"])
def test_only_secret_outputs_that_were_given_can_be_referred_to(source: Execution, people: People, output: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        use(people.owner, reference(source, output))
    (error,) = refused.value.errors
    assert isinstance(error, FieldError)
    assert (error.pointer, error.code) == ("/parameters/token", "unknown_secret_output")


def test_whoever_may_not_see_the_execution_gets_none_of_its_outputs(source: Execution, people: People) -> None:
    with pytest.raises(InvalidParameters):
        use(people.teammate, reference(source))
    assert use(people.administrator, reference(source)).secret_parameters is not None


@pytest.mark.parametrize(
    "value",
    [5, "17", {"execution": "1", "output": "token"}, {"execution": 1}, {"execution": 2**70, "output": "token"},
     {"execution": True, "output": "token"}, {"execution": 1, "output": "token", "more": 1}],
)  # fmt: skip
def test_a_malformed_reference_is_refused(source: Execution, people: People, value: object) -> None:
    with pytest.raises(InvalidParameters):
        use(people.owner, {"$secret": value})


def test_a_reference_for_a_parameter_that_is_not_secret_is_a_value_like_any_other(
    source: Execution, people: People
) -> None:
    with pytest.raises(InvalidParameters):
        use(people.owner, reference(source), secret=False)


def test_the_outputs_go_with_their_execution(source: Execution) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM executions_history WHERE execution_id = %s", [source.pk])
        cursor.execute("DELETE FROM executions_execution WHERE id = %s", [source.pk])
    assert not SecretOutputs.objects.exists()
