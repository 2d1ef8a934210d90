"""The form that runs an action: a field for every kind of parameter, errors at the field, and nothing typed twice but
secrets."""

from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from apps.actions.models import Action
from apps.executions.limits import MAX_PARAMETERS_BYTES
from apps.executions.models import Execution
from apps.executions.secrets import unseal
from tests.asking import ask
from tests.factories import make_action, make_policy
from tests.integration.console.conftest import Visit
from tests.people import People

CANARY = "canary-7f3a9c"
FORM = "/admin/actions/demo.deploy/run/"


def run(client: Client, **fields: str) -> Any:
    return client.post(FORM, {f"p.{name}": value for name, value in fields.items()})


def the_execution(answer: HttpResponse) -> Execution:
    """The one it led to."""
    assert answer.status_code == HTTPStatus.FOUND, answer.content.decode()
    execution = Execution.objects.get()
    assert answer["Location"] == f"/admin/executions/{execution.pk}/"
    return execution


def error_at(answer: HttpResponse, name: str) -> str:
    """What stands at a field, by what assistive technology is told."""
    page = answer.content.decode()
    element = page.split(f'name="p.{name}"')[1].split(">")[0]
    assert 'aria-invalid="true"' in element
    place = next(
        part for part in element.split('aria-describedby="')[1].split('"')[0].split() if part.endswith("-error")
    )
    return page.split(f'id="{place}">')[1].split("</div>")[0]


def parameter(**schema: Any) -> Action:
    return make_action(parameters={"x": schema})


@pytest.mark.parametrize(
    ("schema", "typed", "given"),
    [
        ({"type": "string"}, "a b", "a b"),
        ({"type": "string"}, "two\r\nlines", "two\nlines"),
        ({"type": "string"}, "", None),
        ({"type": "string", "default": "d"}, "", ""),
        ({"type": ["string", "null"]}, "null", "null"),
        ({"type": "integer"}, " 7 ", 7),
        ({"type": "integer"}, "+07", 7),
        ({"type": "integer"}, "9223372036854775807", 2**63 - 1),
        ({"type": "integer", "default": 3}, "", 3),
        ({"type": "number"}, "2.5", 2.5),
        ({"type": "number"}, ".5e1", 5.0),
        ({"type": "boolean", "default": True}, "true", True),
        ({"type": "boolean"}, "false", False),
        ({"type": "boolean"}, "", None),
        ({"type": "string", "enum": ["a", "b"]}, '"b"', "b"),
        ({"enum": [1, "1", None, True]}, "1", 1),
        ({"enum": [1, "1", None, True]}, '"1"', "1"),
        ({"enum": [1, "1", None, True]}, "true", True),
        ({"type": "array"}, '["a", 1]', ["a", 1]),
        ({"type": "object"}, '{"a": {"b": null}}', {"a": {"b": None}}),
        ({"type": "object"}, "  ", None),
        ({}, "12", 12),
        ({"type": ["integer", "string"]}, '"12"', "12"),
    ],
)
def test_what_is_typed_becomes_the_value_it_stands_for(
    people: People, visit: Visit, schema: dict[str, Any], typed: str, given: Any
) -> None:
    parameter(**schema)
    execution = the_execution(run(visit(people.owner), x=typed))
    assert execution.parameters == ({} if given is None else {"x": given})
    assert execution.requested_by == people.owner


def test_a_switch_that_is_off_is_false_and_one_that_was_not_shown_is_left_out(people: People, visit: Visit) -> None:
    parameter(type="boolean", default=True)
    client = visit(people.owner)
    client.post(FORM, {"p.x.shown": "1"})
    client.post(FORM, {})
    assert [row.parameters["x"] for row in Execution.objects.order_by("pk")] == [False, True]


@pytest.mark.parametrize(
    ("schema", "typed", "said"),
    [
        ({"type": "string", "required": True}, "", "x is required"),
        ({"type": "string", "pattern": "^a"}, "b", "does not match"),
        ({"type": "string"}, "a\0b", "a NUL character"),
        ({"type": "integer"}, "2.5", "is not of type"),
        ({"type": "integer"}, "two", "a number is expected"),
        ({"type": "integer"}, "٣", "a number is expected"),
        ({"type": "integer"}, "9" * 19, "beyond 64 bits"),
        ({"type": "integer", "maximum": 3}, "4", "maximum of 3"),
        ({"type": "number"}, "1e999", "not finite"),
        ({"type": "number"}, "NaN", "a number is expected"),
        ({"enum": ["a"]}, '"b"', "is not one of"),
        ({"enum": ["a"]}, "a", "not JSON"),
        ({"type": "array"}, "[1,", "not JSON"),
        ({"type": "array"}, "[" * 5000, "nested deeper"),
        ({"type": "object"}, '{"a": 1, "a": 2}', "stands twice"),
        ({"type": "object"}, "[]", "is not of type"),
        ({"type": "object", "properties": {"n": {"type": "integer"}}}, '{"n": "x"}', "at /n:"),
        ({"type": "array", "items": {"type": "string"}}, '["a", 2]', "at /1:"),
    ],
)
def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(
    people: People, visit: Visit, schema: dict[str, Any], typed: str, said: str
) -> None:
    make_action(parameters={"x": schema, "other": {"type": "string"}})
    answer = run(visit(people.owner), x=typed, other="keep me")
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert said in error_at(answer, "x")
    assert 'value="keep me"' in answer.content.decode()
    assert not Execution.objects.exists()


def test_all_mistakes_are_told_at_once(people: People, visit: Visit) -> None:
    make_action(parameters={"a": {"type": "string", "required": True}, "b": {"type": "integer", "minimum": 5}})
    answer = run(visit(people.owner), a="", b="1")
    assert "a is required" in error_at(answer, "a")
    assert "minimum of 5" in error_at(answer, "b")


def test_what_cannot_be_read_does_not_hide_other_mistakes(people: People, visit: Visit) -> None:
    make_action(parameters={"a": {"type": "string", "required": True}, "b": {"type": "integer", "required": True}})
    answer = run(visit(people.owner), a="", b="none")
    assert "a is required" in error_at(answer, "a")
    assert "a number is expected" in error_at(answer, "b")
    assert "is required" not in error_at(answer, "b")


def test_a_secret_is_sealed_and_nowhere_in_the_page(people: People, visit: Visit) -> None:
    parameter(type="string", secret=True)
    client = visit(people.owner)
    assert 'type="password"' in client.get(FORM).content.decode()
    execution = the_execution(run(client, x=CANARY))
    assert execution.parameters == {}
    sealed = execution.secret_parameters
    assert sealed is not None
    assert unseal(sealed.pk, bytes(sealed.sealed)) == {"x": CANARY}


@pytest.mark.parametrize("mistake", [{"p.n": "no number"}, {"p.n": "-1"}, {"labels": "none"}, {"not_before": "never"}])
def test_after_an_error_elsewhere_a_secret_must_be_typed_again_and_the_field_says_so(
    people: People, visit: Visit, mistake: dict[str, str]
) -> None:
    make_action(parameters={"n": {"type": "integer", "minimum": 0}, "x": {"type": "string", "secret": True}})
    answer: Any = visit(people.owner).post(FORM, {"p.x": CANARY, **mistake})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert CANARY not in answer.content.decode()
    assert "Type it again" in error_at(answer, "x")


@pytest.mark.parametrize("schema", [{"type": "string", "minLength": 50}, {"type": "integer"}, {"type": "object"}])
def test_a_secret_that_is_wrong_is_not_quoted(people: People, visit: Visit, schema: dict[str, Any]) -> None:
    parameter(secret=True, **schema)
    answer = run(visit(people.owner), x=f'{{"{CANARY}": 1, "{CANARY}": 2')
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert CANARY not in answer.content.decode()
    assert error_at(answer, "x")


def test_a_secret_that_is_no_text_is_read_as_json(people: People, visit: Visit) -> None:
    parameter(type="object", secret=True)
    sealed = the_execution(run(visit(people.owner), x='{"a": 1}')).secret_parameters
    assert sealed is not None
    assert unseal(sealed.pk, bytes(sealed.sealed)) == {"x": {"a": 1}}


def test_what_is_fixed_is_shown_and_cannot_be_sent(people: People, visit: Visit) -> None:
    parameter(type="string", immutable=True, default="eu-west-1")
    client = visit(people.owner)
    page = client.get(FORM).content.decode()
    assert "eu-west-1" in page
    assert 'name="p.x"' not in page
    assert the_execution(run(client, x="us-east-1")).parameters == {"x": "eu-west-1"}


def test_defaults_stand_in_their_fields(people: People, visit: Visit) -> None:
    make_action(
        parameters={
            "text": {"type": "string", "default": "hello"},
            "lines": {"type": "string", "default": "\nfirst is empty"},
            "count": {"type": "integer", "default": 4},
            "mode": {"enum": ["a", "b"], "default": "b"},
            "on": {"type": "boolean", "default": True},
            "json": {"type": "object", "default": {"k": 1}},
        }
    )
    page = visit(people.owner).get(FORM).content.decode()
    for text in (
        'value="hello"', ">\n\nfirst is empty</textarea>", 'value="4"', '<option value="&quot;b&quot;" selected>b',
        "checked", "&quot;k&quot;: 1",
    ):  # fmt: skip
        assert text in page, text


def test_fields_come_by_position_then_required_ones(people: People, visit: Visit) -> None:
    text = {"type": "string"}
    make_action(
        parameters={
            "a": text,
            "b": {**text, "required": True},
            "c": {**text, "position": 1},
            "d": {**text, "position": 0},
        }
    )
    page = visit(people.owner).get(FORM).content.decode()
    assert sorted("abcd", key=lambda name: page.index(f'name="p.{name}"')) == ["d", "c", "b", "a"]


def test_labels_and_a_later_start_are_taken(people: People, visit: Visit) -> None:
    make_action()
    fields = {"labels": "team=web\r\n\r\n note = a=b ", "not_before": "2030-01-31T08:00", "utc_offset_min": "-60"}
    execution = the_execution(visit(people.owner).post(FORM, fields))  # type: ignore[arg-type]
    assert execution.labels == {"team": "web", "note": "a=b"}
    assert execution.not_before is not None
    assert execution.not_before.isoformat() == "2030-01-31T07:00:00+00:00"


@pytest.mark.parametrize("offset", ["", "x", "99999", "-99999", "--1", "٣"])
def test_without_a_clock_of_the_reader_a_start_is_in_utc(people: People, visit: Visit, offset: str) -> None:
    make_action()
    answer: Any = visit(people.owner).post(FORM, {"not_before": "2030-01-31T08:00", "utc_offset_min": offset})
    execution = the_execution(answer)
    assert execution.not_before is not None
    assert execution.not_before.isoformat() == "2030-01-31T08:00:00+00:00"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"labels": "nothing"}, "name=text"),
        ({"labels": "a=1\na=2"}, "stands there twice"),
        ({"labels": f"{'n' * 64}=1"}, "at most 63"),
        ({"labels": "\n".join(f"l{n}=1" for n in range(51))}, "At most 50"),
        ({"labels": "a=\0"}, "a NUL character"),
        ({"not_before": "tomorrow"}, "A date and time is expected"),
        ({"not_before": "2030-02-31T08:00"}, "A date and time is expected"),
        ({"not_before": "9999-12-31T23:59", "utc_offset_min": "840"}, "A date and time is expected"),
        ({"not_before": "0001-01-01T00:00+14:00"}, "A date and time is expected"),
        ({"not_before": "2999-01-01T00:00"}, "ten years"),
    ],
)
def test_bad_labels_and_times_are_told_at_their_fields(
    people: People, visit: Visit, fields: dict[str, str], said: str
) -> None:
    make_action()
    answer = visit(people.owner).post(FORM, fields)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert said in answer.content.decode()
    assert not Execution.objects.exists()


def test_too_much_is_refused_and_not_lost(people: People, visit: Visit) -> None:
    parameter(type="string")
    answer = run(visit(people.owner), x="y" * MAX_PARAMETERS_BYTES)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "bytes of parameters" in answer.content.decode()


def test_a_full_line_says_so_and_keeps_what_was_typed(people: People, visit: Visit) -> None:
    action = parameter(type="string")
    make_policy("one, none waiting", limit=1, max_waiting=0)
    ask(people, action)
    answer = run(visit(people.owner), x="keep me")
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "executions wait at one, none waiting, as many as may." in answer.content.decode()
    assert 'value="keep me"' in answer.content.decode()


def test_a_disabled_action_says_so_before_and_after(people: People, visit: Visit) -> None:
    action = parameter(type="string")
    Action.objects.filter(pk=action.pk).update(enabled_override=False)
    client = visit(people.owner)
    assert "This action is disabled." in client.get(FORM).content.decode()
    answer = run(client, x="keep me")
    assert answer.status_code == HTTPStatus.CONFLICT
    assert 'value="keep me"' in answer.content.decode()


def test_a_name_that_needs_quoting_works_as_any_other(people: People, visit: Visit) -> None:
    name = 'a/b~c "d"'
    make_action(parameters={name: {"type": "integer", "required": True}})
    client = visit(people.owner)
    assert client.post(FORM, {f"p.{name}": "x"}).status_code == HTTPStatus.BAD_REQUEST
    answer: Any = client.post(FORM, {f"p.{name}": "5"})
    assert the_execution(answer).parameters == {name: 5}


def test_the_form_needs_its_token_against_forgery(people: People) -> None:
    make_action()
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.owner)
    assert client.post(FORM).status_code == HTTPStatus.FORBIDDEN
