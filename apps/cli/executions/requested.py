"""Says that an execution was accepted: its id to stdout, for scripts; how to look at it to stderr."""

from collections.abc import Mapping
from typing import Any

from apps.cli.session import Session


def tell_request(session: Session, execution: Mapping[str, Any]) -> None:
    if not session.printer.is_for_people:
        session.printer.document(execution)
        return
    session.printer.line(str(execution["id"]))
    session.printer.say(f"{execution['action']} {execution['status']}; attune execution watch {execution['id']}")
