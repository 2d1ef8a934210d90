"""How a list of executions can be narrowed."""

from apps.api import filtering
from apps.api.filtering import Filter
from apps.executions.states import Status

FILTERS = (
    Filter(
        "status",
        "one or more of the states, separated by commas",
        lambda rows, value: rows.filter(status__in=value),
        filtering.one_of(*(status.value for status in Status)),
    ),
    Filter("action", "ref of the action", lambda rows, value: rows.filter(action_ref=value)),
    Filter("pack", "ref of the pack", lambda rows, value: rows.filter(pack_ref=value)),
    Filter(
        "label",
        "`name:value`; given more than once, all must fit",
        lambda rows, value: rows.labeled([value]),
        filtering.pair,
        may_repeat=True,
    ),
    Filter("requested_by", "name of an identity", lambda rows, value: rows.filter(requested_by__username=value)),
    Filter("worker", "name of a worker", lambda rows, value: rows.filter(worker__name=value)),
    Filter("gate", "id of a gate", lambda rows, value: rows.filter(gate=value), filtering.number),
    Filter("parent", "id of an execution", lambda rows, value: rows.filter(parent=value), filtering.number),
    Filter("pinned", "`true` or `false`", lambda rows, value: rows.pinned(value), filtering.truth),
    Filter("trace_id", "all that belongs together", lambda rows, value: rows.filter(trace_id=value), filtering.trace),
    Filter("since", "created at or after", lambda rows, value: rows.asked_between(value, None), filtering.moment),
    Filter("until", "created before", lambda rows, value: rows.asked_between(None, value), filtering.moment),
)
