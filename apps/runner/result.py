"""The result of a run, out of what it wrote: parsed first, masked afterwards, value by value.

What came over the result descriptor wins, even `null`. Otherwise stdout is read by the output format:

| format | the result |
|---|---|
| auto | the last non-empty line, if it is a JSON object; else null |
| json | the last line that is a JSON value; none is an error |
| yaml | all of stdout |
| jsonl | a list, one JSON value per non-empty line |
| text | `{"stdout": "…"}` |
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from apps.runner.jsonvalue import BadValueError, NotJsonError, check_value, load_json
from apps.runner.outcome import RunResult
from apps.runner.redact import MASK, Masker
from apps.runner.spec import OutputFormat

YamlLoad = Callable[[bytes], object]


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A result, not masked yet."""

    value: object
    is_truncated: bool = False
    """Only the beginning of a text was kept."""


@dataclass(frozen=True, kw_only=True)
class BadResult:
    """There should have been a result, and it cannot be used (`bad_result`)."""

    message: str
    """What is wrong and where. It may quote keys of the result, so it is masked like any text."""


def parse_result(
    result: RunResult, *, output_format: OutputFormat, yaml_load: YamlLoad | None = None
) -> Parsed | BadResult:
    """Read the result. `yaml_load` parses one document safely and raises ValueError; only `yaml` needs it."""
    try:
        if result.result_bytes is not None:
            return _from_descriptor(result)
        return _FROM_STDOUT[output_format](result, yaml_load)
    except BadValueError as error:
        source = "the result descriptor" if result.result_bytes is not None else "stdout"
        return BadResult(message=f"The result from {source} cannot be used: {error}.")


def mask_value(value: object, masker: Masker) -> object:
    """The value with every string masked, keys too, and each number that is a secret as it is written.

    For values that passed `parse_result`, so not deeper than 64.
    """
    if masker.is_empty:
        return value
    if isinstance(value, dict):
        return _mask_members(value, masker)
    if isinstance(value, list):
        return [mask_value(item, masker) for item in value]
    if isinstance(value, str):
        return _mask_text(value, masker)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return MASK.decode() if masker.mask(json.dumps(value).encode()) == MASK else value
    return value


def _mask_members(members: dict[str, object], masker: Masker) -> dict[str, object]:
    masked: dict[str, object] = {}
    for key, item in members.items():
        name = _mask_text(key, masker)
        while name in masked:  # two keys that were secrets
            name += "*"
        masked[name] = mask_value(item, masker)
    return masked


def _mask_text(text: str, masker: Masker) -> str:
    return masker.mask(text.encode()).decode(errors="replace")


def _from_descriptor(result: RunResult) -> Parsed:
    if result.result_overflow:
        raise BadValueError("it is larger than what is kept")
    return Parsed(value=load_json(result.result_bytes or b""))


def _auto(result: RunResult, _yaml_load: YamlLoad | None) -> Parsed:
    line = result.stdout_for_result.rstrip().rpartition(b"\n")[2].strip()
    if result.result_overflow or not line.startswith(b"{"):
        return Parsed(value=None)
    try:
        return Parsed(value=load_json(line))
    except BadValueError:  # a line that was not meant as a result must not fail a run
        return Parsed(value=None)


def _json(result: RunResult, _yaml_load: YamlLoad | None) -> Parsed:
    if result.result_overflow:
        raise BadValueError("its last line is longer than what is kept")
    for line in reversed(result.stdout_for_result.split(b"\n")):
        if line.strip():
            try:
                return Parsed(value=load_json(line))
            except NotJsonError:
                continue
    raise BadValueError("none of its last lines is a JSON value")


def _jsonl(result: RunResult, _yaml_load: YamlLoad | None) -> Parsed:
    _refuse_overflow(result)
    values = []
    for number, line in enumerate(result.stdout_for_result.split(b"\n"), start=1):
        if line.strip():
            try:
                values.append(load_json(line))
            except BadValueError as error:
                raise BadValueError(f"line {number}: {error}") from None
    return Parsed(value=values)


def _yaml(result: RunResult, yaml_load: YamlLoad | None) -> Parsed:
    if yaml_load is None:
        raise TypeError("a result in YAML needs yaml_load")
    _refuse_overflow(result)
    try:
        value = yaml_load(result.stdout_for_result)
    except ValueError as error:
        raise BadValueError(f"it is not YAML: {error}") from None
    check_value(value)
    return Parsed(value=value)


def _text(result: RunResult, _yaml_load: YamlLoad | None) -> Parsed:
    text = result.stdout_for_result.decode(errors="replace").replace("\0", "\ufffd")
    return Parsed(value={"stdout": text}, is_truncated=result.result_overflow)


def _refuse_overflow(result: RunResult) -> None:
    if result.result_overflow:
        raise BadValueError("it is larger than what is kept")


_FROM_STDOUT = {
    OutputFormat.AUTO: _auto,
    OutputFormat.JSON: _json,
    OutputFormat.JSONL: _jsonl,
    OutputFormat.YAML: _yaml,
    OutputFormat.TEXT: _text,
}
