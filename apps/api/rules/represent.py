"""Rules and enforcements as JSON."""

from apps.core.types import JsonObject
from apps.rules.models import Enforcement, Rule

#: What `represent_rule` reads from other tables.
RULE_RELATED = ("trigger__type", "owner")
ENFORCEMENT_RELATED = ("rule", "event")
#: What it shows, for lists: payloads may be large.
ENFORCEMENT_COLUMNS = (
    "rule_version", "status", "reason", "parameters", "execution", "at", "rule__ref", "event__type_ref",
    "event__trace_id",
)  # fmt: skip


def represent_rule(rule: Rule) -> JsonObject:
    base = f"/api/v1/rules/{rule.ref}"
    return {
        "ref": rule.ref,
        "name": rule.name,
        "pack": rule.pack_ref or None,
        "description": rule.description,
        "enabled": rule.is_enabled,
        "pack_enabled": rule.is_pack_enabled,
        "trigger": {"type": rule.trigger.type.ref, "parameters": rule.trigger.parameters},
        "criteria": rule.criteria,
        "action": {"ref": rule.action_ref, "parameters": rule.parameters},
        "kind": rule.kind,
        "overlap": rule.overlap,
        "labels": rule.labels,
        "owner": rule.owner.username,
        "version": rule.version,
        "source": rule.source,
        "dialect": rule.dialect,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
        "links": {"self": base, "enforcements": f"/api/v1/enforcements?rule={rule.ref}", "explain": f"{base}/explain"},
    }


def represent_enforcement(row: Enforcement) -> JsonObject:
    return {
        "id": row.pk,
        "event": row.event_id,
        "trigger": row.event.type_ref,
        "rule": row.rule.ref,
        "rule_version": row.rule_version,
        "status": row.status,
        "reason": row.reason,
        "parameters": row.parameters,
        "execution": row.execution_id,
        "trace_id": str(row.event.trace_id),
        "at": row.at,
        "links": {
            "event": f"/api/v1/events/{row.event_id}",
            "rule": f"/api/v1/rules/{row.rule.ref}",
            "execution": f"/api/v1/executions/{row.execution_id}" if row.execution_id is not None else None,
        },
    }
