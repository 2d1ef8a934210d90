import pytest

from apps.actions.parameters import InvalidParameters
from apps.executions.models import Execution, SecretParameters
from apps.executions.secrets import unseal
from apps.executions.services.cancel import UnknownExecution
from apps.executions.services.rerun import rerun_execution
from tests.asking import ask
from tests.factories import make_action
from tests.people import People

PARAMETERS = {
    "host": {"type": "string", "required": True},
    "count": {"type": "integer", "default": 1},
    "token": {"type": "string", "secret": True, "required": True},
    "pin": {"type": "string", "secret": True},
    "fixed": {"type": "string", "default": "x", "immutable": True},
}


def original(people: People) -> Execution:
    given = {"host": "a", "token": "swordfish", "pin": "123456"}
    (execution,) = ask(people, make_action(parameters=PARAMETERS), parameters=given, labels={"team": "ops"})
    return execution


def secrets_of(execution: Execution) -> object:
    assert execution.secret_parameters_id is not None
    row = SecretParameters.objects.get(pk=execution.secret_parameters_id)
    return unseal(row.pk, bytes(row.sealed))


def test_parameters_labels_and_sealed_secrets_are_taken_over(people: People) -> None:
    old = original(people)
    new = rerun_execution(people.owner, old.pk, parameters={})
    assert new.pk != old.pk
    assert (new.parameters, new.labels, new.rerun_of_id) == (old.parameters, {"team": "ops"}, old.pk)
    assert new.secret_parameters_id == old.secret_parameters_id


def test_edited_parameters_replace_the_old_ones_name_by_name(people: People) -> None:
    new = rerun_execution(people.owner, original(people).pk, parameters={"count": 5})
    assert new.parameters == {"host": "a", "count": 5, "fixed": "x"}


def test_an_edited_secret_is_sealed_anew_with_those_that_were_kept(people: People) -> None:
    old = original(people)
    new = rerun_execution(people.owner, old.pk, parameters={"token": "another secret"})
    assert secrets_of(new) == {"token": "another secret", "pin": "123456"}
    assert secrets_of(old) == {"token": "swordfish", "pin": "123456"}


def test_the_action_as_it_is_now_is_run(people: People) -> None:
    old = original(people)
    make_action(parameters={"host": {"type": "string"}, "token": {"type": "string", "secret": True}})
    new = rerun_execution(people.owner, old.pk, parameters={})
    assert new.parameters == {"host": "a"}
    assert secrets_of(new) == {"token": "swordfish"}


def test_wrong_edits_are_told_with_their_pointer(people: People) -> None:
    with pytest.raises(InvalidParameters) as caught:
        rerun_execution(people.owner, original(people).pk, parameters={"count": "many"})
    assert [str(item.pointer) for item in caught.value.errors] == ["/parameters/count"]


def test_a_teammate_cannot_run_it_again_with_somebody_elses_secrets(people: People) -> None:
    with pytest.raises(UnknownExecution):
        rerun_execution(people.teammate, original(people).pk, parameters={})


def test_a_secret_that_was_given_is_not_replaced_by_its_default(people: People) -> None:
    token = {"type": "string", "secret": True, "default": "the default"}
    (old,) = ask(people, make_action(parameters={"token": token}), parameters={"token": "swordfish"})
    assert secrets_of(rerun_execution(people.owner, old.pk, parameters={})) == {"token": "swordfish"}


def test_a_parameter_that_is_secret_no_longer_has_to_be_given_again(people: People) -> None:
    (old,) = ask(
        people,
        make_action(parameters={"token": {"type": "string", "secret": True}}),
        parameters={"token": "swordfish"},
    )
    make_action(parameters={"token": {"type": "string", "required": True}})
    with pytest.raises(InvalidParameters):
        rerun_execution(people.owner, old.pk, parameters={})
