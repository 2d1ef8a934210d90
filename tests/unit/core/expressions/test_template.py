import pytest

from apps.core.expressions import TemplateError, compile_template

CONTEXT = {"host": "web1", "port": 80, "tags": ["a", "b"], "spec": {"zone": "eu"}, "nothing": None}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ host }}", "web1"),
        ("{{ port }}", 80),
        ("{{ tags }}", ["a", "b"]),
        ("{{ spec.zone }}", "eu"),
        ("{{ nothing }}", None),
        ("{{ port + 1 }}", 81),
        ("{{- host -}}", "web1"),
        ("{{ host }}:{{ port }}", "web1:80"),
        ("zone-{{ spec.zone | upper }}", "zone-EU"),
        ("{{ missing | default('none') }}", "none"),
        ("{{ '}}' }}", "}}"),
        ("plain", "plain"),
    ],
)
def test_a_template_that_is_one_expression_keeps_its_type(source: str, value: object) -> None:
    assert compile_template(source).render(CONTEXT) == value


@pytest.mark.parametrize("source", ["{{ body.items }}", "{{ body['items'] }}", "{{ body.keys }}", "{{ body.get }}"])
def test_a_field_is_a_field_also_when_python_has_a_method_of_that_name(source: str) -> None:
    context = {"body": {"items": [1], "keys": [1], "get": [1]}}
    assert compile_template(source).render(context) == [1]


@pytest.mark.parametrize("source", ["{{ spec.items }}", "{{ spec['values'] }}", "{{ host.upper }}", "{{ port.real }}"])
def test_a_method_of_python_is_no_field(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source).render(CONTEXT)


def test_positions_and_slices_of_lists_and_texts_are_fields() -> None:
    assert compile_template("{{ [tags[0], tags[-1], tags[0:1], host[0]] }}").render(CONTEXT) == ["a", "b", ["a"], "w"]


def test_the_names_a_template_asks_for_are_known() -> None:
    assert compile_template("{{ host }}-{{ spec.zone }}").names == {"host", "spec"}


@pytest.mark.parametrize("source", ["{{ missing }}", "{{ missing }}-x", "{{ spec.missing }}"])
def test_an_undefined_name_is_an_error(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source).render(CONTEXT)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ spec.missing }}", "the object has no 'missing'"),
        ("{{ spec.missing.deeper }}", "the object has no 'missing'"),
        ("{{ tags[2] }}", "the list of 2 has no 2"),
        ("{{ nothing.host }}", "null has no 'host'"),
        ("{{ port.host }}-x", "a text, number or boolean has no 'host'"),
    ],
)
def test_what_is_not_there_is_told_in_words_of_json(source: str, said: str) -> None:
    with pytest.raises(TemplateError) as refused:
        compile_template(source).render(CONTEXT)
    assert str(refused.value) == f"{source}: {said}"


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in tags %}{{ i }}{% endfor %}",
        "{% set x = 1 %}{{ x }}",
        "{{ range(10) }}",
        "{{ host.upper() }}",
        "{{ host.__class__.__mro__ }}",
        "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ host | center(1000000000) }}",
        "{{ tags | join(host) }}",
        "{{ unclosed",
        "x" * 5000,
    ],
)
def test_statements_calls_and_unbounded_filters_are_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source).render(CONTEXT)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ tags * 1000000000 }}",
        "{{ 1 / 0 }}",
        "{{ host + 1 }}",
    ],
)
def test_what_could_grow_without_bound_fails_at_once(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source).render(CONTEXT)


def test_a_long_result_is_refused() -> None:
    source = "{{ " + " ~ ".join(["long"] * 100) + " }}"
    with pytest.raises(TemplateError, match="longer than"):
        compile_template(source).render({"long": "x" * 1000})


def test_texts_that_double_at_each_level_of_a_list_are_cut_off() -> None:
    source = "{{ " + "[" * 22 + "'\\\\'" + "]|string" * 22 + " }}"
    with pytest.raises(TemplateError, match="longer than"):
        compile_template(source).render({})
    source = "{{ " + "[" * 16 + "'\\\\'" + "] ~ ''" * 16 + " }}"
    with pytest.raises(TemplateError):
        compile_template(source).render({})


def test_values_are_joined_as_they_are_written() -> None:
    assert compile_template("{{ host ~ '-' ~ port ~ tags }}").render(CONTEXT) == "web1-80['a', 'b']"
    assert compile_template("{{ host ~ port }}.").render(CONTEXT) == "web180."


def test_more_operations_than_anybody_writes_are_refused_before_they_are_compiled() -> None:
    assert compile_template("{{ host" + "|upper" * 40 + " }}").render(CONTEXT) == "WEB1"
    with pytest.raises(TemplateError, match="more than 50 operations"):
        compile_template("{{ host" + "|upper" * 60 + " }}")


@pytest.mark.parametrize(
    "source",
    [
        r"{{ 'a\x00' }}", r"{{ ['\ud800'] }}", "{{ 10 ** 64 }}", "{{ {1: 2} }}", "{{ [missing] }}",
        r"{{ {'\u0000': 1} }}", r"a\x00{{ '\x00' }}", "{{ [1e308 * 10] }}",
    ],
)  # fmt: skip
def test_what_no_database_can_keep_is_an_error(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source).render(CONTEXT)


@pytest.mark.parametrize("what", ["| nosuch", "is nosuch"])
def test_what_is_not_known_is_named_without_a_place_in_jinja(what: str) -> None:
    with pytest.raises(TemplateError, match=r"named 'nosuch'\.$"):
        compile_template(f"{{{{ trigger.host {what} }}}}")
