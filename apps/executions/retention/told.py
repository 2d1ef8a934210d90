"""What is told of logs and artifacts that were removed because their days were over."""

from datetime import datetime, timedelta

from django.conf import settings

from apps.core.errors import Gone
from apps.executions.models import Execution

_DAY_S = 86_400


class LogsRemoved(Gone):
    """The logs were removed: their days were over."""

    code = "logs_removed"


class ArtifactsRemoved(Gone):
    """The artifacts were removed: their days were over."""

    code = "artifacts_removed"


def require_logs(execution: Execution) -> None:
    """Raises `LogsRemoved`, which says when and why."""
    if told := logs_removed(execution):
        raise LogsRemoved(told, removed_at=_json(execution.logs_removed_at))


def require_artifacts(execution: Execution) -> None:
    """Raises `ArtifactsRemoved`, which says when and why."""
    if told := artifacts_removed(execution):
        raise ArtifactsRemoved(told, removed_at=_json(execution.artifacts_removed_at))


def logs_removed(execution: Execution) -> str:
    """A sentence for people; empty while they are there."""
    return _told("logs", execution.logs_removed_at, settings.ATTUNE_RETENTION_LOGS)


def artifacts_removed(execution: Execution) -> str:
    """A sentence for people; empty while they are there."""
    return _told("artifacts", execution.artifacts_removed_at, settings.ATTUNE_RETENTION_ARTIFACTS)


def _told(what: str, removed_at: datetime | None, kept_for: timedelta | None) -> str:
    if removed_at is None:
        return ""
    now = "for ever now" if kept_for is None else _days(kept_for)
    return f"Its {what} were removed on {removed_at:%Y-%m-%d %H:%M} UTC; {what} are kept {now}."


def _json(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _days(kept_for: timedelta) -> str:
    days = kept_for.total_seconds() / _DAY_S
    return "a day" if days == 1 else f"{days:g} days"
