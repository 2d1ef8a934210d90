"""What to do about an error, by its code: the next thing to type."""

from collections.abc import Mapping
from typing import Any

#: `{name}` is a fact of the problem document; advice that needs one which is not there is left out.
_ADVICE: Mapping[str, tuple[str, ...]] = {
    "unknown_action": ("all actions: attune action list",),
    "unknown_pack": ("all packs: attune pack list",),
    "unknown_execution": ("the newest ones: attune execution list",),
    "unknown_gate": ("a gate goes an hour after its last use; those there are: attune gate list",),
    "unknown_policy": ("all policies: attune policy list",),
    "unknown_operation": ("all operations: attune operation list",),
    "unknown_worker": ("those that live: attune worker list --status active,cordoned,draining",),
    "worker_stopping": ("it is gone in a moment; start it again to have it back",),
    "unknown_environment": ("what there is: attune environment list",),
    "action_disabled": ("to enable it: attune action enable {action}",),
    "pack_disabled": ("to enable it: attune pack enable PACK",),
    "line_full": ("or move the limit: attune gate list --action {action}",),
    "slot_unavailable": ("or move the limit: attune gate list --action {action}",),
    "version_taken": ("to replace it all the same: --force",),
    "version_lower": ("to go back to a version that is kept: attune pack rollback PACK", "to go down: --force"),
    "pack_ad_hoc": ("to replace it all the same: --force",),
    "no_such_version": ("those there are: attune pack versions PACK",),
    "no_source": ("to install it by its source: attune pack install SOURCE",),
    "in_use": ("to do it all the same: --force",),
    "ref_taken": ("all packs: attune pack list",),
    "pack_invalid": ("nothing was changed",),
    "stale_transition": ("it has just changed: look again, and ask again if it still makes sense",),
    "policy_key_failed": ("the limit's key reads the parameters: attune policy list",),
    "unknown_artifact": ("what it left: attune execution artifacts ID",),
    "environment_gone": ("to build it anew: attune environment rebuild PACK RUNTIME",),
    "no_generations": ("what there is: attune environment list",),
    "action_taken": ("two packs say the same ref; all actions: attune action list",),
    "redis_away": ("new executions are accepted all the same and wait: attune doctor",),
    "body_too_large": ("a request holds 64 KiB of parameters: put large data into a file that the action reads",),
    "too_many_streams": ("follow fewer at a time; to wait without the log: attune execution watch ID",),
    "throttled": ("fewer requests at a time",),
    "policy_of_file": ("its limit can be moved: attune policy update NAME --limit N",),
    "idempotency_key_reused": ("use another --idempotency-key for another request",),
    "internal_error": ("its administrator finds why in Attune's log, under the request's id {request_id}",),
    "method_not_allowed": ("this Attune may be older than the command line: attune doctor",),
}


def advice(code: str, facts: Mapping[str, Any]) -> list[str]:
    """Lines for the person who typed the command."""
    hints = []
    for text in _ADVICE.get(code, ()):
        try:
            hints.append(text.format_map(facts))
        except KeyError:
            continue
    return hints
