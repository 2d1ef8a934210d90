"""One line per log record, with the facts that find it again: request, execution, attempt, worker.

Neither form holds parameters, environments or secrets: only what a record says and the facts named here; and of a
database's error, not the row it quotes.
"""

import json
import logging
import re
import traceback
from datetime import UTC, datetime

from apps.core import request_id

_FACTS = ("execution_id", "attempt", "operation_id", "worker", "pack", "gate")
#: PostgreSQL quotes the failing row in the details of an error, with all that stands in it, line feeds too: they end
#: where another field of the error begins, or Python's next exception.
_DETAIL = re.compile(r"^DETAIL:.*?(?=^[A-Z]{4,}:|^The above exception |^During handling |\Z)", re.MULTILINE | re.DOTALL)

_of_process: dict[str, str] = {}


def say_worker(name: str) -> None:
    """From now on every line of this process names the worker it is."""
    _of_process["worker"] = name


def facts_of(record: logging.LogRecord) -> dict[str, object]:
    """What the record is about, as far as anybody said it."""
    said = {name: getattr(record, name) for name in _FACTS if hasattr(record, name)}
    facts: dict[str, object] = {**_of_process, **said}
    if current := request_id.current.get():
        facts["request_id"] = current
    return facts


def _exception_of(record: logging.LogRecord) -> str:
    if not (record.exc_info and record.exc_info[0]):
        return ""
    return _DETAIL.sub("DETAIL: left out\n", "".join(traceback.format_exception(*record.exc_info))).rstrip()


class LineFormatter(logging.Formatter):
    """`time LEVEL logger message key=value …`"""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        facts = [f"{name}={value}" for name, value in facts_of(record).items()]
        head = f"{self.formatTime(record)} {record.levelname} {record.name} {record.getMessage()}"
        line = " ".join([head, *facts])
        if exception := _exception_of(record):
            line += "\n" + exception
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC, RFC 3339), level, logger, message, the facts, exception."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **facts_of(record),
        }
        if exception := _exception_of(record):
            document["exception"] = exception
        return json.dumps(document, ensure_ascii=False, default=str)
