import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import ErrorCollector
from apps.core.types import JsonObject
from apps.packs import yaml

#: Lists and mappings within each other.
_NESTED = st.recursive(
    st.sampled_from(["", "a", "- a", "?", 1, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["k", "- k", "?"]), inner, max_size=2),
    max_leaves=30,
)


def read(text: str, schema: JsonObject | None = None) -> object:
    errors = ErrorCollector()
    document = yaml.parse(text.encode(), "f.yaml", errors)
    assert document is not None, errors.errors
    return document.value(schema or {})


def mistakes(text: str | bytes) -> list[str]:
    errors = ErrorCollector()
    assert yaml.parse(text if isinstance(text, bytes) else text.encode(), "f.yaml", errors) is None
    return [str(error) for error in errors.errors]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("2026-01-31", "2026-01-31"),
        ("12:30:45", "12:30:45"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("{a: 1, b: [x, 2]}", {"a": 1, "b": ["x", 2]}),
        ("a: &x {k: 1}\nb: *x\n", {"a": {"k": 1}, "b": {"k": 1}}),
        ("1: one", {"1": "one"}),
    ],
)
def test_the_core_schema_of_yaml_1_2_is_spoken(text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize("written", ["1.10", "0755", "no", "true", "1e3", "2026-01-31", "0x1F"])
def test_a_field_whose_type_is_text_takes_the_text_as_written(written: str) -> None:
    schema = {"properties": {"version": {"type": "string"}}}
    assert read(f"version: {written}", schema) == {"version": written}


def test_text_is_taken_as_written_in_lists_and_free_objects() -> None:
    schema: JsonObject = {
        "properties": {
            "words": {"items": {"type": "string"}},
            "env": {"additionalProperties": {"type": ["string", "null"]}},
        }
    }
    text = "words: [1.10, no]\nenv: {A: 0755, B: }\n"
    assert read(text, schema) == {"words": ["1.10", "no"], "env": {"A": "0755", "B": None}}


def test_a_duplicate_key_is_told_with_both_lines() -> None:
    assert mistakes("a: 1\nb: 2\na: 3\n") == ["f.yaml:3: the key 'a' stands on line 1 and on line 3"]


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes("a: !!python/object:os.system x\nb: 1\nb: 2\nc: !mine y\n? [x]\n: z\n")
    assert {line.split(":")[1] for line in found} == {"1", "3", "4", "5"}


@pytest.mark.parametrize("text", ["a: !!str 5", "a: !!int '5'", "a: !x {}", "a: !!binary aGk=", "a: !!set {x}"])
def test_tags_are_refused(text: str) -> None:
    assert "tags are not allowed" in mistakes(text)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2", "not YAML"),
        ("a: 1\n b: 2", "f.yaml:2"),
        ("\ta: 1", "not YAML"),
        ("--- 1\n--- 2", "not YAML"),
        ("", "empty"),
        ("# only a comment", "empty"),
        (b"a: \xff", "not YAML"),
        (b"a: \x00", "not YAML"),
    ],
)
def test_what_is_not_yaml_says_so_with_a_line(text: str | bytes, said: str) -> None:
    assert said in mistakes(text)[0]


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    assert "aliases are expanded" in mistakes("\n".join(lines))[0]


def test_an_alias_inside_the_thing_it_names_is_refused() -> None:
    assert "alias" in mistakes("a: &x [*x]")[0]


def test_a_large_file_is_refused() -> None:
    assert "larger than" in mistakes("a: " + "x" * yaml.MAX_BYTES)[0]


@pytest.mark.parametrize("text", ["[" * 70 + "]" * 70, "[" * 900_000, "- " * 300_000 + "x", "{a: " * 200_000])
def test_deep_nesting_is_refused_before_it_can_end_the_process(text: str) -> None:
    assert mistakes(text) == ["f.yaml:1: nested deeper than 64"]


def test_nesting_through_aliases_is_deep_too() -> None:
    lines = ["a0: &a0 [x]", *(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 2_000))]
    assert "f.yaml:64: nested deeper than 64 once its aliases are expanded" in mistakes("\n".join(lines))


def test_a_number_too_long_for_python_is_still_a_number_too_large_for_a_column() -> None:
    found = read("a: " + "9" * 5_000)
    assert isinstance(found, dict)
    assert found["a"] >= 2**63
    assert read("a: " + "9" * 5_000, {"properties": {"a": {"type": "string"}}}) == {"a": "9" * 5_000}


def test_lines_are_known_for_every_value_and_for_what_is_missing() -> None:
    errors = ErrorCollector()
    document = yaml.parse(b"name: x\nparameters:\n  host:\n    type: string\n  port: {type: integer}\n", "f", errors)
    assert document is not None
    assert document.line(["name"]) == 1
    assert document.line(["parameters", "host", "type"]) == 4
    assert document.line(["parameters", "port"]) == 5
    assert document.line(["parameters", "host", "missing"]) == 3
    assert document.text(["parameters", "host", "type"]) == "string"


@given(_NESTED, st.booleans())
def test_how_deep_a_file_may_be_is_never_said_too_low(value: object, is_flow: bool) -> None:
    text = pyyaml.safe_dump(value, default_flow_style=is_flow, indent=1)
    assert yaml._deepest(text) >= _depth(value)


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return int(isinstance(value, dict | list)) + max(map(_depth, inner), default=0)
