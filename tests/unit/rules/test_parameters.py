"""Templates of an action's parameters."""

from typing import Any

import pytest

from apps.rules.parameters import InvalidTemplates, RenderingFailed, compile_parameters

CONTEXT: dict[str, Any] = {
    "trigger": {"body": {"host": "web", "port": 80, "tags": ["a"], "items": [1], "null": None}},
    "rule": {"ref": "ops.restart"},
    "event": {"id": 7},
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ trigger.body.host }}", "web"),
        ("{{ trigger.body.port }}", 80),
        ("{{ trigger.body.tags }}", ["a"]),
        ("{{ trigger.body.items }}", [1]),
        ("{{ trigger.body.null }}", None),
        ("{{ trigger.body }}", CONTEXT["trigger"]["body"]),
        ("{{ trigger.body.host }}:{{ trigger.body.port }}", "web:80"),
        ("{{ trigger.body.missing | default(5) }}", 5),
        ("{{ rule.ref }} of {{ event.id }}", "ops.restart of 7"),
        (["{{ trigger.body.port }}", {"deep": ["{{ trigger.body.host }}"]}], [80, {"deep": ["web"]}]),
        ("plain", "plain"),
        (5, 5),
        (None, None),
        ({}, {}),
    ],
)
def test_a_parameter_is_rendered_with_its_type(template: Any, value: Any) -> None:
    assert compile_parameters({"p": template}).render(CONTEXT) == {"p": value}


def test_every_undefined_name_is_told_with_its_place() -> None:
    templates = {"a": "{{ trigger.body.missing }}", "b": ["x", {"c/d": "{{ trigger.nope.deeper }}"}], "e": "fine"}
    with pytest.raises(RenderingFailed) as caught:
        compile_parameters(templates).render(CONTEXT)
    assert [error.as_json()["pointer"] for error in caught.value.errors] == [
        "/action/parameters/a",
        "/action/parameters/b/1/c~1d",
    ]
    assert "missing" in caught.value.errors[0].detail


@pytest.mark.parametrize(
    ("templates", "pointer", "code"),
    [
        ([], "", "wrong_type"),
        ({"a": "{{ trigger.x"}, "/a", "invalid_template"),
        ({"a": "{{ unknown }}"}, "/a", "unknown_name"),
        ({"a": ["{{ trigger.__class__() }}"]}, "/a/0", "invalid_template"),
        ({"a": "{% for i in trigger %}{% endfor %}"}, "/a", "invalid_template"),
        ({"{{ trigger }}": 1}, "/{{ trigger }}", "invalid_name"),
    ],
)
def test_what_cannot_be_rendered_is_refused_with_its_place(templates: Any, pointer: str, code: str) -> None:
    with pytest.raises(InvalidTemplates) as caught:
        compile_parameters(templates, pointer="")
    (error,) = caught.value.errors
    assert (error.as_json()["pointer"], error.as_json()["code"]) == (pointer, code)


@pytest.mark.parametrize("source", ["{{ trigger.__class__ }}", "{{ trigger.body.host.__class__ }}"])
def test_pythons_own_names_are_refused_before_anything_is_rendered(source: str) -> None:
    with pytest.raises(InvalidTemplates) as refused:
        compile_parameters({"a": source})
    assert "__class__ is not allowed" in refused.value.errors[0].as_json()["detail"]


def test_too_many_templates_and_too_deep_ones_are_refused() -> None:
    with pytest.raises(InvalidTemplates):
        compile_parameters({"a": ["{{ trigger }}"] * 10_000})
    deep: Any = "{{ trigger }}"
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidTemplates):
        compile_parameters({"a": deep})


def test_a_payload_cannot_be_repeated_without_end() -> None:
    context = {"trigger": {"a": "x" * 60_000}}
    with pytest.raises(RenderingFailed) as caught:
        compile_parameters({"a": ["{{ trigger.a }}"] * 100}).render(context)
    assert "longer than" in caught.value.errors[-1].detail


def test_one_compilation_renders_many_events() -> None:
    parameters = compile_parameters({"host": "{{ trigger.host }}"})
    assert [parameters.render({"trigger": {"host": host}})["host"] for host in "ab"] == ["a", "b"]
    assert parameters.names == {"trigger"}
