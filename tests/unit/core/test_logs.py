import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from apps.core import logs, request_id
from apps.core.logs import JsonFormatter, LineFormatter


@pytest.fixture
def in_a_request() -> Iterator[None]:
    token = request_id.current.set("request-1")
    yield
    request_id.current.reset(token)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_of_process", {})
    logs.say_worker("w1")


def record(message: str, *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("apps.room", logging.INFO, __file__, 1, message, args, more.pop("exc_info", None))
    made.__dict__.update(more)
    return made


def test_a_line_names_what_it_is_about(in_a_request: None, worker: None) -> None:
    line = LineFormatter().format(record("%s ended", "it", execution_id=7, attempt=2))
    assert line.endswith("INFO apps.room it ended worker=w1 execution_id=7 attempt=2 request_id=request-1")


def test_an_object_names_what_it_is_about_and_keeps_types(in_a_request: None, worker: None) -> None:
    document = json.loads(JsonFormatter().format(record('"quoted"\nlines ü', execution_id=7, attempt=2)))
    assert document.pop("time").endswith("+00:00")
    assert document == {
        "level": "info",
        "logger": "apps.room",
        "message": '"quoted"\nlines ü',
        "worker": "w1",
        "execution_id": 7,
        "attempt": 2,
        "request_id": "request-1",
    }


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_nothing_else_that_a_record_carries_is_written(formatter: logging.Formatter) -> None:
    assert "swordfish" not in formatter.format(record("done", parameters={"password": "swordfish"}, secret="swordfish"))


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_the_row_that_a_database_error_quotes_is_left_out(formatter: logging.Formatter) -> None:
    message = "violates a constraint\nDETAIL:  Failing row contains (1,\n swordfish).\nCONTEXT: somewhere"
    try:
        raise ValueError(message)
    except ValueError:
        text = formatter.format(record("failed", exc_info=sys.exc_info()))
    assert "swordfish" not in text
    assert "ValueError: violates a constraint" in text
    assert "CONTEXT: somewhere" in text


def test_an_exception_stays_on_its_line() -> None:
    try:
        raise ValueError("wrong")
    except ValueError:
        text = JsonFormatter().format(record("failed", exc_info=sys.exc_info()))
    assert "\n" not in text
    assert json.loads(text)["exception"].endswith("ValueError: wrong")
