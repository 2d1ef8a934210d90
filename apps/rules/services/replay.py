"""Sends an event once more to one rule alone."""

from typing import TYPE_CHECKING

from apps.core.errors import FieldError, Invalid
from apps.rules.services.explain import why_it_cannot_meet
from apps.rules.services.rules import get_rule
from apps.triggers.models import Event
from apps.triggers.services.event_rows import Recorded
from apps.triggers.services.sending import replay_event

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class RuleListensElsewhere(Invalid):
    """The rule would never meet this event."""

    code = "rule_listens_elsewhere"


def replay_for_rule(identity: "Identity", event: Event, rule_ref: str) -> Recorded:
    """As `replay_event`; raises `UnknownRule` and `RuleListensElsewhere` besides."""
    rule = get_rule(identity, rule_ref)
    if text := why_it_cannot_meet(rule, event):
        told = f"{rule.ref} would never meet event {event.pk}: {text}."
        raise RuleListensElsewhere(told, errors=[FieldError("/rule", "listens_elsewhere", text)])
    return replay_event(identity, event, rule_ref=rule.ref)
