"""The table of limits at Attune's boundaries, from the settings and constants that hold them."""

from apps.actions.files import SCHEMA
from apps.api.executions.serializers import MAX_WAIT_S
from apps.api.pagination import MAX_LIMIT
from apps.api.stream.subscription import MAX_STREAMS
from apps.core.body_limit import BODY_S, MAX_HEADERS
from apps.core.expressions.template import MAX_OPERATIONS, MAX_OUTPUT_CHARS, MAX_TEMPLATE_CHARS
from apps.core.http_protocol import MAX_HEAD_BYTES
from apps.executions.files import MAX_RESULT_BYTES
from apps.executions.limits import MAX_LABEL_NAME_CHARS, MAX_LABEL_TEXT_CHARS, MAX_LABELS, MAX_PARAMETERS_BYTES
from apps.executions.services.bulk import MAX_BULK
from apps.executions.services.request import MAX_BATCH
from apps.packs import versions
from apps.packs.yaml import MAX_BYTES as MAX_YAML_BYTES
from apps.packs.yaml import MAX_DEPTH as MAX_YAML_DEPTH
from apps.runner.jsonvalue import MAX_DEPTH
from apps.runner.spec import MIB, RunSpec
from attune.settings import env
from docgen.markdown import code, table


def limits() -> str:
    rows = [
        ["head of a request, as it arrives", _size(MAX_HEAD_BYTES), "", "431 `headers_too_large`"],
        ["address with query", *_setting("ATTUNE_MAX_ADDRESS_BYTES"), "414 `address_too_long`"],
        ["headers", *_setting("ATTUNE_MAX_HEADER_BYTES"), "431 `headers_too_large`"],
        ["number of headers", str(MAX_HEADERS), "", "431 `headers_too_large`"],
        ["body, counted while it arrives", *_setting("ATTUNE_MAX_BODY_BYTES"), "413 `body_too_large`"],
        ["time for a body, but for uploads", f"{BODY_S:g} s", "", "408 `body_too_slow`"],
        ["nesting of JSON", str(MAX_DEPTH), "", "400 `invalid_json`"],
        ["parameters of an execution", _size(MAX_PARAMETERS_BYTES), "", "400 `invalid`"],
        ["labels, their names, their texts", f"{MAX_LABELS}, {MAX_LABEL_NAME_CHARS}, {MAX_LABEL_TEXT_CHARS}", "",
         "400 `invalid`"],
        ["executions in a batch, in a bulk deed", f"{MAX_BATCH}, {MAX_BULK}", "", "400 `invalid`"],
        ["page of a list", str(MAX_LIMIT), "", "400 `invalid`"],
        ["wait inside a request", f"{MAX_WAIT_S} s", "", "400 `invalid`"],
        ["streams of one identity", str(MAX_STREAMS), "", "429 `too_many_streams`"],
        ["output read as a result", _size(RunSpec.result_max_bytes), "", "`bad_result`"],
        ["result in the database", _size(MAX_RESULT_BYTES), "", "becomes an artifact"],
        ["log of an execution", *_setting("ATTUNE_LOG_TOTAL_BYTES"), "the middle is left out, and marked"],
        ["file of a pack in YAML, also with its aliases expanded", _size(MAX_YAML_BYTES), "", "400 `pack_invalid`"],
        ["nesting of YAML", str(MAX_YAML_DEPTH), "", "400 `pack_invalid`"],
        ["a pack: files, bytes", f"{versions.MAX_FILES}, {_size(versions.MAX_BYTES)}", "", "400 `pack_invalid`"],
        ["parameters of an action", str(SCHEMA["properties"]["parameters"]["maxProperties"]), "", "400 `pack_invalid`"],
        ["a template: characters, operations", f"{MAX_TEMPLATE_CHARS}, {MAX_OPERATIONS}", "", "400"],
        ["what a template makes, at any step", f"{MAX_OUTPUT_CHARS} characters", "", "400, or `policy_key_failed`"],
        ["run of an action that names no limit", *_setting("ATTUNE_TASK_TIMEOUT_S", unit="s"), "status `timeout`"],
        ["build of an environment", *_setting("ATTUNE_BUILD_TIMEOUT_S", unit="s"), "the build fails"],
        ["an environment on disk", *_setting("ATTUNE_BUILD_MAX_BYTES"), "the build fails"],
    ]  # fmt: skip
    return table(["What", "At most", "Setting", "Beyond it"], rows)


def _setting(name: str, *, unit: str = "") -> tuple[str, str]:
    """Its default and its name."""
    default = next(item.default for item in env.CATALOGUE if item.name == name)
    return (f"{default} {unit}" if unit else _size(int(default))), code(name)


def _size(count: int) -> str:
    if count % MIB == 0:
        return f"{count // MIB} MiB"
    return f"{count // 1024} KiB" if count % 1024 == 0 else f"{count} bytes"
