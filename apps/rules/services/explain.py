"""Why a rule did, or did not, fire for an event; and what it would say of a payload. Nothing is started here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Func, JSONField, Value
from django.utils import timezone

from apps.core.errors import FieldError
from apps.core.types import JsonObject, JsonValue
from apps.rules.checks import InvalidRule
from apps.rules.criteria import Compiled, InvalidCriteria, compile_criteria
from apps.rules.evaluation import Verdict, compiled, judged_by
from apps.rules.models import Enforcement, Rule, Verdicts
from apps.rules.parameters import InvalidTemplates, RenderingFailed
from apps.rules.rendering import rendered_with
from apps.triggers.models import Event

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Of a trigger's type, the newest events among which `lately` looks for those with the trigger's own parameters.
MOST_LOOKED_AT = 2000
#: In words, what each outcome means.
_TEXTS = {
    "matched": "the criteria hold",
    "criteria": "a criterion does not hold",
    "error": "a criterion could not be asked, so it does not hold",
    "backstop_not_needed": "it is a backstop, and another rule matched",
    "disabled": "the rule or its pack was disabled",
}


@dataclass(frozen=True)
class Told:
    """`outcome` is empty where the rule did not meet the event."""

    event: Event
    outcome: str
    text: str
    enforcement: Enforcement | None


def explain(rule: Rule, event: Event) -> JsonObject:
    """`then`: what was said when the event came, and what came of it; null where the rule did not meet it.
    `now`: what the rule as it is says of the same payload."""
    verdict = Verdicts.objects.filter(event=event).values_list("body", flat=True).first() or {}
    then = verdict.get(str(rule.pk))
    enforcement = Enforcement.objects.filter(event=event, rule=rule).first()
    return {
        "rule": rule.ref,
        "event": event.pk,
        "text": _text(rule, event, then, enforcement),
        "then": then and {name: then[name] for name in ("version", "outcome", "criterion")},
        "enforcement": enforcement,
        "now": {"version": rule.version, "enabled": rule.is_active, **said_of(rule, event.payload, event=event)},
    }


def lately(rule: Rule, *, reader: "Identity", most: int) -> list[Told]:
    """What the rule said of the newest events of its trigger that `reader` may see, in two queries."""
    newest = Event.objects.filter(type_ref=rule.trigger.type.ref).order_by("-pk").values("pk")[:MOST_LOOKED_AT]
    rows = Event.objects.visible_to(reader).filter(pk__in=newest, digest=rule.trigger.digest).order_by("-pk")
    own = Func(F("verdicts__body"), Value(str(rule.pk)), function="jsonb_extract_path", output_field=JSONField())
    events = list(rows.defer("payload").annotate(own=own)[:most])
    verdicts = {event.pk: getattr(event, "own", None) for event in events}
    enforcements = {row.event_id: row for row in Enforcement.objects.filter(event__in=events, rule=rule)}
    return [
        Told(
            event=event,
            outcome=(verdicts.get(event.pk) or {}).get("outcome", ""),
            text=_text(rule, event, verdicts.get(event.pk), enforcements.get(event.pk)),
            enforcement=enforcements.get(event.pk),
        )
        for event in events
    ]


def said_of(
    rule: Rule,
    payload: JsonObject,
    *,
    event: Event | None = None,
    criteria: JsonValue = None,
    parameters: JsonObject | None = None,
) -> JsonObject:
    """What the rule, or other criteria and templates in their place, says of a payload: every criterion by itself,
    and the parameters its action would get. Raises `InvalidRule` for criteria or templates that are none."""
    asked = compiled(rule.criteria, rule.dialect) if criteria is None else _tried(criteria, rule)
    now = timezone.now()
    verdict = judged_by(asked, payload, now=now, what=rule.ref)
    findings = asked.explain(payload, now=now) if asked is not None else []
    return {
        **_as_json(verdict),
        "findings": [
            {
                "pointer": finding.pointer,
                "path": finding.path,
                "condition": finding.condition,
                "holds": finding.failed is None,
                "failed": finding.failed.as_json() if finding.failed else None,
            }
            for finding in findings
        ],
        **_parameters(rule.parameters if parameters is None else parameters, payload, rule=rule, event=event),
    }


def why_it_cannot_meet(rule: Rule, event: Event) -> str:
    """In words, where the rule listens to something else; or nothing."""
    trigger = rule.trigger
    if trigger.type.ref != event.type_ref:
        return f"the rule listens to {trigger.type.ref}; the event is of {event.type_ref}"
    if trigger.digest != event.digest:
        return f"the rule listens to {trigger.type.ref} with other parameters than the event has"
    return ""


def verdicts_of(identity: "Identity", event: Event) -> Sequence[JsonObject]:
    """Of the rules that `identity` may see, those that matched first."""
    body: JsonObject = Verdicts.objects.filter(event=event).values_list("body", flat=True).first() or {}
    seen = set(Rule.objects.visible_to(identity).filter(pk__in=list(map(int, body))).values_list("pk", flat=True))
    rows = [{**said, "text": _TEXTS[said["outcome"]]} for rule_id, said in body.items() if int(rule_id) in seen]
    return sorted(rows, key=lambda row: (row["outcome"] != "matched", row["rule"]))


def _text(rule: Rule, event: Event, then: JsonObject | None, enforcement: Enforcement | None) -> str:
    if enforcement is not None:
        return _of_enforcement(enforcement)
    if then is not None:
        return _with_criterion(_TEXTS[then["outcome"]], then["criterion"])
    if event.processed_at is None:
        return "the event is not processed yet"
    return _why_they_did_not_meet(rule, event)


def _why_they_did_not_meet(rule: Rule, event: Event) -> str:
    if text := why_it_cannot_meet(rule, event):
        return text
    if event.source == Event.Source.REPLAY and event.source_ref not in ("", rule.ref):
        return f"the event was replayed for {event.source_ref} alone"
    return "the rule did not listen to this trigger when the event came"


def _of_enforcement(enforcement: Enforcement) -> str:
    if enforcement.status == Enforcement.Status.STARTED:
        return f"the criteria hold; execution {enforcement.execution_id} was started"
    if enforcement.status == Enforcement.Status.PENDING and enforcement.reason is None:
        return "the criteria hold; its execution is about to be started"
    reason = enforcement.reason or {}
    return f"the criteria hold, but {enforcement.status}: {reason.get('text', '')}"


def _with_criterion(text: str, criterion: JsonObject | None) -> str:
    return f"{text}: {criterion['text']}" if criterion and criterion.get("text") else text


def _as_json(verdict: Verdict) -> JsonObject:
    text = _with_criterion(_TEXTS[verdict.outcome], verdict.criterion)
    return {"outcome": verdict.outcome, "criterion": verdict.criterion, "text": text}


def _tried(criteria: JsonValue, rule: Rule) -> Compiled:
    """Not kept: anybody may try anything, and a process keeps what it compiled for rules."""
    try:
        return compile_criteria(criteria, dialect="stackstorm" if rule.dialect == "stackstorm" else "attune")
    except InvalidCriteria as error:
        raise InvalidRule(errors=error.errors) from error


def _parameters(templates: JsonObject, payload: JsonObject, *, rule: Rule, event: Event | None) -> JsonObject:
    facts: JsonObject = {
        "id": event.pk if event else 0,
        "type": rule.trigger.type.ref,
        "trace_id": str(event.trace_id) if event else "00000000-0000-0000-0000-000000000000",
        "source": event.source if event else "api",
        "received_at": (event.received_at if event else timezone.now()).isoformat(),
    }
    try:
        shown = rendered_with(templates, payload=payload, event=facts, rule={"ref": rule.ref, "name": rule.name})
    except InvalidTemplates as error:
        raise InvalidRule(errors=error.errors) from error
    except RenderingFailed as error:
        errors = [item.as_json() for item in error.errors if isinstance(item, FieldError)]
        return {"parameters": None, "errors": errors}
    return {"parameters": shown, "errors": []}
