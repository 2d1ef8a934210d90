"""Running an execution again: as it was, or with other parameters; its secrets need not be typed again."""

from http import HTTPStatus

from apps.actions.models import Action
from apps.executions.models import Execution
from apps.executions.secrets import unseal
from tests.asking import ask
from tests.factories import make_action
from tests.integration.console.conftest import Visit
from tests.people import People

CANARY = "canary-7f3a9c"
PARAMETERS = {
    "host": {"type": "string", "required": True},
    "note": {"type": "string"},
    "password": {"type": "string", "secret": True, "required": True},
    "key": {"type": "string", "secret": True},
}


def ask_once(people: People) -> Execution:
    action = make_action(parameters=PARAMETERS)
    given = {"host": "web-1", "note": "the first", "password": CANARY}
    (execution,) = ask(people, action, parameters=given, labels={"team": "web"})
    return execution


def form_of(execution: Execution) -> str:
    return f"/admin/executions/{execution.pk}/rerun/"


def newest() -> Execution:
    execution = Execution.objects.order_by("-pk").first()
    assert execution is not None
    return execution


def secrets_of(execution: Execution) -> object:
    sealed = execution.secret_parameters
    assert sealed is not None
    return unseal(sealed.pk, bytes(sealed.sealed))


def test_as_it_was_with_one_click(people: People, visit: Visit) -> None:
    old = ask_once(people)
    answer = visit(people.owner).post(f"/admin/executions/{old.pk}/again/")
    new = newest()
    assert answer["Location"] == f"/admin/executions/{new.pk}/"
    assert (new.rerun_of_id, new.parameters, new.labels) == (old.pk, old.parameters, old.labels)
    assert secrets_of(new) == {"password": CANARY}


def test_the_form_is_filled_as_it_was_without_its_secrets(people: People, visit: Visit) -> None:
    old = ask_once(people)
    page = visit(people.owner).get(form_of(old)).content.decode()
    assert 'value="web-1"' in page
    assert 'value="the first"' in page
    assert "team=web" in page
    assert page.count(f"Kept from execution {old.pk}") == 1
    assert CANARY not in page


def test_a_secret_is_kept_where_nothing_is_typed(people: People, visit: Visit) -> None:
    old = ask_once(people)
    visit(people.owner).post(form_of(old), {"p.host": "web-2", "p.note": "", "p.password": "", "p.key": "k"})
    new = newest()
    assert new.parameters == {"host": "web-2"}
    assert new.rerun_of_id == old.pk
    assert secrets_of(new) == {"password": CANARY, "key": "k"}


def test_what_is_typed_takes_the_place_of_a_kept_secret(people: People, visit: Visit) -> None:
    old = ask_once(people)
    visit(people.owner).post(form_of(old), {"p.host": "web-1", "p.password": "another one"})
    assert secrets_of(newest()) == {"password": "another one"}
    assert secrets_of(old) == {"password": CANARY}


def test_after_an_error_a_kept_secret_is_still_kept(people: People, visit: Visit) -> None:
    old = ask_once(people)
    answer = visit(people.owner).post(form_of(old), {"p.host": "", "p.password": ""})
    page = answer.content.decode()
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "host is required" in page
    assert f"Kept from execution {old.pk}" in page
    assert "Type it again" not in page


def test_what_the_action_no_longer_takes_is_left_out(people: People, visit: Visit) -> None:
    old = ask_once(people)
    make_action(parameters={"host": PARAMETERS["host"], "count": {"type": "integer", "default": 2}})
    page = visit(people.owner).get(form_of(old)).content.decode()
    assert "The action has changed since then" in page
    assert "the first" not in page
    assert 'value="2"' in page
    visit(people.owner).post(form_of(old), {"p.host": "web-1", "p.count": "3"})
    assert newest().parameters == {"host": "web-1", "count": 3}
    assert newest().secret_parameters is None or secrets_of(newest()) == {}


def test_nobody_runs_what_they_cannot_see(people: People, visit: Visit) -> None:
    old = ask_once(people)
    client = visit(people.teammate)
    assert client.get(form_of(old)).status_code == HTTPStatus.NOT_FOUND
    client.post(form_of(old), {"p.host": "web-2"})
    client.post(f"/admin/executions/{old.pk}/again/")
    assert newest() == old


def test_an_action_that_is_gone_says_so(people: People, visit: Visit) -> None:
    old = ask_once(people)
    Action.objects.filter(ref=old.action_ref).delete()
    assert visit(people.owner).get(form_of(old)).status_code == HTTPStatus.NOT_FOUND
    page = visit(people.owner).post(f"/admin/executions/{old.pk}/again/", follow=True).content.decode()
    assert f"There is no action {old.action_ref}." in page
