import pytest

from apps.core.schema import ObjectSchema, schema_error, value_errors

SCHEMA = ObjectSchema(
    {
        "service": {"type": "string", "required": True, "position": 0},
        "count": {"type": "integer", "minimum": 0, "default": 1},
        "token": {"type": "string", "secret": True, "minLength": 8},
        "mode": {"enum": ["fast", "safe"], "default": "safe", "immutable": True},
    }
)


def codes(value: object) -> dict[str, str]:
    assert isinstance(value, dict)
    return {error.pointer: error.code for error in SCHEMA.errors(value, pointer="/parameters")}


def test_what_fits_has_no_errors() -> None:
    assert codes({"service": "web", "count": 3, "token": "longenough"}) == {}


def test_every_mistake_is_told_with_its_pointer() -> None:
    assert codes({"count": "3", "colour": 1, "mode": "slow"}) == {
        "/parameters/service": "required",
        "/parameters/count": "wrong_type",
        "/parameters/colour": "unknown",
        "/parameters/mode": "not_allowed",
    }


def test_pointers_are_escaped() -> None:
    assert codes({"service": "web", "a/b~": 1}) == {"/parameters/a~1b~0": "unknown"}


def test_the_value_of_a_secret_is_in_no_message() -> None:
    errors = SCHEMA.errors({"service": "web", "token": "hunter2"})
    assert [error.pointer for error in errors] == ["/token"]
    assert "hunter2" not in errors[0].detail
    assert "minLength" in errors[0].detail


def test_marks_are_known_and_are_not_json_schema() -> None:
    assert [*SCHEMA.required, *SCHEMA.secrets, *SCHEMA.immutable] == ["service", "token", "mode"]
    assert SCHEMA.defaults == {"count": 1, "mode": "safe"}
    plain = SCHEMA.as_json_schema
    assert plain["properties"]["service"] == {"type": "string"}
    assert plain["required"] == ["service"]


def test_secrets_are_masked_by_name() -> None:
    assert SCHEMA.masked({"service": "web", "token": "longenough"}) == {"service": "web", "token": "***"}


def test_a_property_called_like_a_mark_inside_an_object_stays() -> None:
    schema = ObjectSchema(
        {"spec": {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}}}
    )
    assert schema.as_json_schema["properties"]["spec"]["required"] == ["secret"]


@pytest.mark.parametrize(
    "schema",
    [{"type": "strnig"}, {"minimum": "three"}, {"pattern": "("}, {"properties": []}, {"$ref": "http://127.0.0.1:1/x"}],
)
def test_what_is_no_schema_is_refused_with_a_reason(schema: dict[str, object]) -> None:
    assert schema_error(schema)


def test_a_reference_to_a_file_of_the_host_is_not_followed() -> None:
    assert schema_error({"$ref": "file:///etc/hostname"})


def test_long_values_do_not_make_long_messages() -> None:
    (error,) = value_errors({"type": "integer"}, "x" * 10_000)
    assert len(error.detail) <= 300
