"""One line per log record, with the facts that find it again: request, execution, attempt, worker."""

import logging
import traceback

from apps.core import request_id

_FACTS = ("execution_id", "attempt", "operation_id", "worker", "pack", "gate")


class LineFormatter(logging.Formatter):
    """`time LEVEL logger message key=value …`; never parameters, environments or secrets."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        facts = [f"{name}={getattr(record, name)}" for name in _FACTS if hasattr(record, name)]
        if current := request_id.current.get():
            facts.append(f"request_id={current}")
        head = f"{self.formatTime(record)} {record.levelname} {record.name} {record.getMessage()}"
        line = " ".join([head, *facts])
        if record.exc_info and record.exc_info[0]:
            line += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return line
