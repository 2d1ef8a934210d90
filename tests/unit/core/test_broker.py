"""Which messages are ours. That a worker lives through the others is shown with a real one, in test_messages."""

from base64 import b64encode
from typing import Any

import orjson
import pytest
from kombu.transport import TRANSPORT_ALIASES

from apps.core import broker
from apps.core.broker import MAX_BODY_BYTES, fault_in


def message(body: object = ((1, 1), {}, {}), **more: Any) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return {
        "body": b64encode(raw).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "executions.run", "id": "x", "eta": None, "timelimit": [None, None]},
        "properties": {"delivery_info": {}, "delivery_tag": "tag", "body_encoding": "base64"},
        **more,
    }


def test_what_attune_writes_has_no_fault() -> None:
    assert fault_in(message()) == ""


@pytest.mark.parametrize(
    "other",
    [
        None, 5, "text", [], {}, message(headers=None), message(headers=[]), message(properties=None),
        message(headers={"task": "x" * 1000, "id": "x"}), message(headers={"task": "x\n", "id": "x"}),
        message(headers={"task": 5, "id": "x"}), message(headers={"task": "x", "id": ["x"]}),
        message(headers={"task": "x", "id": "x", "eta": "yesterday"}),
        message(headers={"task": "x", "id": "x", "expires": 5}),
        message(headers={"task": "x", "id": "x", "timelimit": "long"}),
        message(properties={}), message(properties={"delivery_info": {}, "delivery_tag": "x"}),
        message(**{"content-type": "application/x-python-serialize"}), message(**{"content-encoding": "binary"}),
        message(body=b"not json"), message(body=None), message(body=[]), message(body=[1, {}, {}]),
        message(body=[[], {}, {"chord": 1}]), message(body=[["x" * MAX_BODY_BYTES], {}, {}]),
    ],
)  # fmt: skip
def test_everything_else_has_one(other: Any) -> None:
    assert fault_in(other)


def test_celery_takes_this_way_to_redis() -> None:
    assert TRANSPORT_ALIASES["redis"] == f"{broker.__name__}:Transport"
