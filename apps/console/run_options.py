"""What can be said about a run beside its parameters: labels, and not to start before a moment."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.core.types import JsonObject
from apps.executions import limits
from apps.runner.jsonvalue import BadValueError, check_value

#: A browser's clock is at most this far from UTC.
_FURTHEST_OFFSET_MIN = 14 * 60
#: Before it the database and Python disagree about what a date is.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class RunOptions:
    """The fields as text, one label a line (`name=text`), and what was wrong with them."""

    labels_text: str = ""
    not_before_text: str = ""
    labels: JsonObject = field(default_factory=dict)
    not_before: datetime | None = None
    labels_error: str = ""
    not_before_error: str = ""

    @property
    def is_valid(self) -> bool:
        return not (self.labels_error or self.not_before_error)


def options_with(labels: JsonObject) -> RunOptions:
    return RunOptions(labels_text="\n".join(f"{name}={text}" for name, text in labels.items()))


def read_options(posted: QueryDict) -> RunOptions:
    options = RunOptions(posted.get("labels", "").replace("\r\n", "\n"), posted.get("not_before", "").strip())
    try:
        options.labels = _labels_in(options.labels_text)
    except BadValueError as error:
        options.labels_error = str(error)
    try:
        options.not_before = _moment(options.not_before_text, posted.get("utc_offset_min", ""))
    except BadValueError as error:
        options.not_before_error = str(error)
    return options


def _labels_in(text: str) -> JsonObject:
    labels: JsonObject = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, separator, value = (part.strip() for part in line.partition("="))
        if not name or not separator:
            raise BadValueError(f"One label a line, as name=text; this is none: {line[:100]}")
        if name in labels:
            raise BadValueError(f"The label {name[:100]} stands there twice.")
        if len(name) > limits.MAX_LABEL_NAME_CHARS or len(value) > limits.MAX_LABEL_TEXT_CHARS:
            most = f"{limits.MAX_LABEL_NAME_CHARS} and {limits.MAX_LABEL_TEXT_CHARS}"
            raise BadValueError(f"A label's name and text have at most {most} characters.")
        labels[name] = value
    if len(labels) > limits.MAX_LABELS:
        raise BadValueError(f"At most {limits.MAX_LABELS} labels are taken.")
    check_value(labels)
    return labels


def _moment(text: str, offset: str) -> datetime | None:
    """`offset`: minutes by which UTC is ahead of the reader's clock, as browsers tell it; UTC without one."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC) + timedelta(minutes=_offset_min(offset))
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment < _EARLIEST:
        raise BadValueError("A date and time is expected, like 2027-01-31T08:00.")
    if moment > timezone.now() + limits.FURTHEST:
        raise BadValueError("That is further away than ten years.")
    return moment


def _offset_min(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 4 and int(digits) <= _FURTHEST_OFFSET_MIN):
        return 0
    return int(text)
