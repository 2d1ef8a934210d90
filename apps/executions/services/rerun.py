"""Runs an execution again, with other parameters where wanted and its secrets without typing them."""

from datetime import datetime
from typing import TYPE_CHECKING

from apps.actions.services.lookup import get_runnable_action
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.secrets import kept_secrets
from apps.executions.services.cancel import get_execution
from apps.executions.services.request import Wish, load_accepted, request_executions

if TYPE_CHECKING:
    from apps.accounts.models import Identity


def rerun_execution(identity: "Identity", execution_id: int, *, parameters: JsonObject) -> Execution:
    """A new execution of the action as it is now; `parameters` replace those of the old one, name by name.

    Parameters that the action no longer has, or has made immutable, are left out. Raises what a request raises.
    """
    old = get_execution(identity, execution_id)
    action = get_runnable_action(identity, old.action_ref)
    declared: JsonObject = action.definition.body["parameters"]
    taken_over = {
        name: value
        for name, value in old.parameters.items()
        if name in declared and not declared[name].get("immutable")
    }
    wish = Wish(
        action=old.action_ref,
        parameters={**taken_over, **parameters},
        labels=old.labels,
        rerun_of_id=old.pk,
        kept=kept_secrets(old.secret_parameters) if old.secret_parameters else None,
    )
    return load_accepted(request_executions(identity, [wish]))[0]


def rerun_edited(
    identity: "Identity",
    execution_id: int,
    *,
    parameters: JsonObject,
    labels: JsonObject,
    not_before: datetime | None = None,
) -> Execution:
    """A new execution with exactly these parameters; only secrets that are not among them are taken over.

    Raises what a request raises.
    """
    old = get_execution(identity, execution_id)
    wish = Wish(
        action=old.action_ref,
        parameters=parameters,
        labels=labels,
        not_before=not_before,
        rerun_of_id=old.pk,
        kept=kept_secrets(old.secret_parameters) if old.secret_parameters else None,
    )
    return load_accepted(request_executions(identity, [wish]))[0]
