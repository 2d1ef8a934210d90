import pytest
import yaml

from apps.runner.outcome import Ended, RunResult
from apps.runner.redact import Masker
from apps.runner.result import BadResult, Parsed, mask_value, parse_result
from apps.runner.spec import OutputFormat


def ran(stdout: bytes = b"", *, descriptor: bytes | None = None, overflow: bool = False) -> RunResult:
    return RunResult(ended=Ended.EXITED, result_bytes=descriptor, stdout_for_result=stdout, result_overflow=overflow)


def load_yaml(data: bytes) -> object:
    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


@pytest.mark.parametrize("output_format", list(OutputFormat))
def test_the_descriptor_wins_over_stdout_even_with_null(output_format: OutputFormat) -> None:
    result = ran(b'{"a": 1}', descriptor=b"null\n")

    assert parse_result(result, output_format=output_format) == Parsed(value=None)


def test_a_descriptor_with_something_else_than_json_is_a_bad_result() -> None:
    parsed = parse_result(ran(b'{"a": 1}', descriptor=b"{"), output_format=OutputFormat.AUTO)

    assert isinstance(parsed, BadResult)
    assert "result descriptor" in parsed.message


def test_too_much_on_the_descriptor_is_a_bad_result() -> None:
    parsed = parse_result(ran(descriptor=b"1", overflow=True), output_format=OutputFormat.AUTO)

    assert isinstance(parsed, BadResult)


@pytest.mark.parametrize(
    ("stdout", "value"),
    [
        (b'working\n{"a": 1}\n\n  \n', {"a": 1}),
        (b'{"a": 1}', {"a": 1}),
        (b'{"a": 1}\ndone\n', None),
        (b"[1]\n", None),
        (b"17\n", None),
        (b"{not json}\n", None),
        (b'{"a": NaN}\n', None),
        (b"", None),
    ],
)
def test_auto_takes_the_last_line_if_it_is_an_object(stdout: bytes, value: object) -> None:
    assert parse_result(ran(stdout), output_format=OutputFormat.AUTO) == Parsed(value=value)


@pytest.mark.parametrize(
    ("stdout", "value"),
    [(b"1\n[2]\ndone\n", [2]), (b'{"a": 1}\n"last"\n', "last"), (b"null\n", None), (b"x\r\n4\r\n", 4)],
)
def test_json_takes_the_last_line_that_is_a_value(stdout: bytes, value: object) -> None:
    assert parse_result(ran(stdout), output_format=OutputFormat.JSON) == Parsed(value=value)


@pytest.mark.parametrize("stdout", [b"", b"no json here\n", b'{"a": 1}\n{"a": NaN}\n'])
def test_json_without_a_value_or_with_one_that_cannot_be_stored_is_a_bad_result(stdout: bytes) -> None:
    assert isinstance(parse_result(ran(stdout), output_format=OutputFormat.JSON), BadResult)


def test_jsonl_is_a_list_and_names_the_line_that_is_wrong() -> None:
    good = parse_result(ran(b'1\n\n{"a": 2}\n'), output_format=OutputFormat.JSONL)
    bad = parse_result(ran(b"1\nx\n"), output_format=OutputFormat.JSONL)

    assert good == Parsed(value=[1, {"a": 2}])
    assert isinstance(bad, BadResult)
    assert "line 2" in bad.message


def test_yaml_is_all_of_stdout() -> None:
    parsed = parse_result(ran(b"a:\n  - 1\n"), output_format=OutputFormat.YAML, yaml_load=load_yaml)

    assert parsed == Parsed(value={"a": [1]})


@pytest.mark.parametrize("stdout", [b"a: [", b"2024-01-01", b"1: 2", b"a: .nan"])
def test_yaml_that_is_broken_or_no_json_is_a_bad_result(stdout: bytes) -> None:
    parsed = parse_result(ran(stdout), output_format=OutputFormat.YAML, yaml_load=load_yaml)

    assert isinstance(parsed, BadResult)


def test_text_is_stdout_with_what_is_no_text_replaced() -> None:
    parsed = parse_result(ran(b"a\xff\0b"), output_format=OutputFormat.TEXT)

    assert parsed == Parsed(value={"stdout": "a\ufffd\ufffdb"})


def test_text_that_is_too_long_is_kept_in_part_and_other_formats_are_not() -> None:
    assert parse_result(ran(b"abc", overflow=True), output_format=OutputFormat.TEXT) == Parsed(
        value={"stdout": "abc"}, is_truncated=True
    )
    for output_format in (OutputFormat.JSON, OutputFormat.JSONL, OutputFormat.YAML):
        parsed = parse_result(ran(b"1", overflow=True), output_format=output_format, yaml_load=load_yaml)
        assert isinstance(parsed, BadResult)


def test_a_value_is_masked_string_by_string_keys_too() -> None:
    masker = Masker([b"hunter2hunter2", b"1234"])
    value = {"hunter2hunter2": ["x hunter2hunter2 y", 1, True, None, 1.5], "pin": "1234", "text": "1234 ms"}

    assert mask_value(value, masker) == {
        "***": ["x *** y", 1, True, None, 1.5],
        "pin": "***",
        "text": "1234 ms",
    }


def test_a_number_that_is_a_secret_is_masked_and_one_that_holds_its_digits_is_not() -> None:
    assert mask_value([123456, 91234567], Masker([b"123456"])) == ["***", 91234567]


def test_two_secret_keys_stay_two_keys() -> None:
    masked = mask_value({"secret-one": 1, "secret-two": 2}, Masker([b"secret-one", b"secret-two"]))

    assert masked == {"***": 1, "****": 2}


def test_without_secrets_the_value_itself_comes_back() -> None:
    value = {"a": [1]}

    assert mask_value(value, Masker([])) is value
