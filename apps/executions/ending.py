"""From what is known of a process that ended to how its attempt ended: status, result, error. Pure.

Everything that leaves here is masked, and fits into the database.
"""

import errno
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson

from apps.actions.definition import Definition
from apps.core.errors import NO_ROOM, ErrorCollector
from apps.core.schema import MASK, value_errors
from apps.core.types import JsonObject
from apps.executions.document import values_to_mask
from apps.executions.files import MAX_RESULT_BYTES
from apps.executions.policies.loss import CutOff
from apps.executions.services.finish import Ending
from apps.executions.states import Status
from apps.packs.yaml import parse as parse_yaml
from apps.runner.jsonvalue import BadValueError, load_json
from apps.runner.outcome import Ended, RunResult, StopReason
from apps.runner.redact import Masker
from apps.runner.result import BadResult, mask_value, parse_result
from apps.runner.spec import OutputFormat

#: What is kept of an error's message and of its traceback.
_MAX_MESSAGE_CHARS = 4_000
_MAX_TRACEBACK_CHARS = 32_000
_STDERR_LINES = 20

#: Takes a result that is too large for the database; returns the name of the artifact, or raises `ResultNotKept`.
KeepLarge = Callable[[bytes], str]


class ResultNotKept(Exception):
    """The program has done its work, and what it gave back is lost."""


@dataclass(frozen=True)
class Judge:
    """What the ending depends on besides the process: the action, its secrets, and where large results go."""

    definition: Definition
    timeout_s: float
    masker: Masker
    keep_large: KeepLarge
    #: Why it was not given keys that it names.
    lacking: Sequence[str] = ()

    def ending_of(self, result: RunResult) -> Ending:
        try:
            judged = _JUDGES[result.ended](self, result)
        except ResultNotKept as error:
            judged = failed("result_not_kept", str(error), exit_code=result.exit_code, may_retry=False)
        return replace(judged, reason=self._reason(judged), facts={**_facts(result), "ended": judged.status.value})

    def _reason(self, judged: Ending) -> JsonObject | None:
        """A run without a key it names may well have failed for that, or have done something else than was meant."""
        if judged.reason is not None or not self.lacking:
            return judged.reason
        return {"code": "keys_lacking", "text": "; ".join(self.lacking)}

    def text(self, text: str, most: int = _MAX_MESSAGE_CHARS) -> str:
        """`text` masked, bounded, and storable."""
        masked = self.masker.mask(text.encode("utf-8", "replace")).decode("utf-8", "replace").replace("\0", "\ufffd")
        return masked if len(masked) <= most else "…" + masked[-most:]


def failed(kind: str, message: str, **fields: Any) -> Ending:
    return Ending(status=Status.FAILED, error={"type": kind, "message": message}, **fields)


def not_started(message: str, number: int | None) -> Ending:
    """Ended before its program began, by an operating system's error. Trying again would find the same file missing."""
    if number in NO_ROOM:  # another worker may have room
        return failed("disk_full", message)
    name = errno.errorcode.get(number or 0, str(number or 0))
    error = {"type": "spawn_failed", "message": message, "errno": name}
    return Ending(status=Status.FAILED, error=error, may_retry=False)


def _exited(judge: Judge, result: RunResult) -> Ending:
    if result.exit_code != 0:
        return Ending(
            status=Status.FAILED,
            exit_code=result.exit_code,
            error=_told_error(judge, result) or _error_from_stderr(judge, result),
            **_partial_result(judge, result),
        )
    parsed = parse_result(result, output_format=OutputFormat(judge.definition.output_format), yaml_load=_load_yaml)
    if isinstance(parsed, BadResult):
        return failed("bad_result", judge.text(parsed.message), exit_code=0)
    if mismatch := _mismatch(judge, parsed.value):
        return failed("bad_output", mismatch, exit_code=0, **_storable(judge, parsed.value))
    return Ending(status=Status.SUCCEEDED, exit_code=0, **_storable(judge, parsed.value))


def _signaled(judge: Judge, result: RunResult) -> Ending:
    name = _signal_name(result.signal)
    if result.oom:
        return failed("out_of_memory", "the kernel killed it because memory ran out", signal=name)
    message = f"ended by {name}"
    if tail := _stderr(judge, result):
        message += f"\n{tail}"
    return failed("signal", message, signal=name)


def _timeout(judge: Judge, result: RunResult) -> Ending:
    message = f"it ran longer than its limit of {judge.timeout_s:g} s"
    return Ending(
        status=Status.TIMEOUT,
        error={"type": "timeout", "message": message},
        exit_code=result.exit_code,
        signal=_signal_name(result.signal),
    )


def _stopped(judge: Judge, result: RunResult) -> Ending:
    name = _signal_name(result.signal)
    if result.stop_reason is StopReason.CANCELED:
        return Ending(status=Status.CANCELED, exit_code=result.exit_code, signal=name)
    text = "the worker was stopped before it was through; what the action had done until then is not undone"
    reason = {"code": "interrupted", "text": text}
    error = {"type": "interrupted", "message": text}
    return Ending(
        status=Status.ABANDONED, error=error, reason=reason, signal=name, cut_off=CutOff.INTERRUPTED
    )  # fmt: skip


def _lost(judge: Judge, result: RunResult) -> Ending:
    text = "its process was lost: the warden that kept it died, or the worker stood still too long"
    if result.spawn_error:
        text += f" ({result.spawn_error})"
    reason = {"code": "process_lost", "text": text}
    error = {"type": "process_lost", "message": text}
    return Ending(status=Status.ABANDONED, error=error, reason=reason, cut_off=CutOff.LOST)


def _not_started(judge: Judge, result: RunResult) -> Ending:
    return not_started(judge.text(result.spawn_error or "the program could not be started"), result.errno)


_JUDGES: dict[Ended, Callable[[Judge, RunResult], Ending]] = {
    Ended.EXITED: _exited,
    Ended.SIGNALED: _signaled,
    Ended.TIMEOUT: _timeout,
    Ended.STOPPED: _stopped,
    Ended.LOST: _lost,
    Ended.SPAWN_FAILED: _not_started,
}


def _told_error(judge: Judge, result: RunResult) -> JsonObject | None:
    """What the wrapper told of an exception: `{type, message, traceback}` on a descriptor of its own."""
    if not result.error_bytes:
        return None
    try:
        told = load_json(result.error_bytes)
    except BadValueError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        return None
    error = {"type": judge.text(told["type"], 200), "message": judge.text(str(told.get("message", "")))}
    if isinstance(told.get("traceback"), str):
        error["traceback"] = judge.text(told["traceback"], _MAX_TRACEBACK_CHARS)
    return error


def _error_from_stderr(judge: Judge, result: RunResult) -> JsonObject:
    message = _stderr(judge, result) or f"it ended with exit code {result.exit_code} and wrote nothing to stderr"
    return {"type": "exit_code", "message": message}


def _stderr(judge: Judge, result: RunResult) -> str:
    lines = result.stderr_tail.decode("utf-8", "replace").replace("\0", "\ufffd").strip().splitlines()
    return "\n".join(lines[-_STDERR_LINES:])[-_MAX_MESSAGE_CHARS:]


def _partial_result(judge: Judge, result: RunResult) -> JsonObject:
    """What a failing program wrote to the result descriptor; nothing else is taken for a result."""
    if result.result_bytes is None:
        return {}
    parsed = parse_result(result, output_format=OutputFormat.AUTO)
    with suppress(ResultNotKept):  # what it failed by is worth more
        return {} if isinstance(parsed, BadResult) else _storable(judge, parsed.value)
    return {}


def _mismatch(judge: Judge, value: object) -> str | None:
    """Where the result does not fit `output`; values are not quoted, since they are not masked yet."""
    schema = judge.definition.output
    if schema is None:
        return None
    errors = value_errors(schema, value)
    if not errors:
        return None
    places = ", ".join(f"{error.pointer or '/'} ({error.code})" for error in errors[:10])
    return judge.text(f"the result does not fit the action's output: {places}")


def _storable(judge: Judge, value: object) -> JsonObject:
    """`result` and `secret_outputs` of an ending: masked, secret outputs apart, an artifact's name where too large."""
    secret = _secret_outputs(judge, value)
    masker = judge.masker.with_more(item for output in secret.values() for item in values_to_mask(output))
    masked = mask_value(value, masker)
    if isinstance(masked, dict):
        masked = {name: MASK if name in secret else item for name, item in masked.items()}
    data = orjson.dumps(masked)
    if len(data) > MAX_RESULT_BYTES:
        masked = {"artifact": judge.keep_large(data), "size_bytes": len(data)}
    return {"result": masked, "secret_outputs": secret or None}


def _secret_outputs(judge: Judge, value: object) -> JsonObject:
    if not isinstance(value, dict):
        return {}
    return {name: item for name, item in value.items() if name in judge.definition.secret_outputs and item is not None}


def _facts(result: RunResult) -> JsonObject:
    return {
        "start": "warm" if result.is_warm else "cold",
        "duration_s": round(result.duration_s, 3),
        "cpu_s": round(result.cpu_s, 3),
        "max_rss_bytes": result.max_rss_bytes,
        "killed_descendants": result.killed_descendants,
        "limits": list(result.active_limits),
        "logs": {
            "stdout": {"bytes": result.stdout.total_bytes, "truncated_bytes": result.stdout.truncated_bytes},
            "stderr": {"bytes": result.stderr.total_bytes, "truncated_bytes": result.stderr.truncated_bytes},
            "failed": result.log_failed,
        },
    }


def _signal_name(number: int | None) -> str:
    if not number:
        return ""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _load_yaml(data: bytes) -> object:
    errors = ErrorCollector()
    document = parse_yaml(data, "stdout", errors)
    if document is None:
        raise ValueError("; ".join(str(error) for error in errors.errors))
    return document.value({})
