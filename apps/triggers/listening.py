"""Which triggers somebody waits for. Rooms that make them happen (timers, webhooks, sensors) are told when that
changes."""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.triggers.models import Trigger, TriggerType
from apps.triggers.types import digest_of, find_type, parameter_errors, with_defaults

#: Called, in the transaction in which it changes, with triggers that are listened to from now on, or no longer.
Watcher = Callable[[Sequence[Trigger]], None]
#: What a schema cannot say of a type's parameters, with pointers from the parameters on.
Check = Callable[[JsonObject], Iterable[FieldError]]

_watchers: list[Watcher] = []
_checks: dict[str, Check] = {}


class InvalidTriggerParameters(Invalid):
    """The parameters do not fit the trigger."""

    code = "invalid_trigger_parameters"


def register_watcher(watcher: Watcher) -> None:
    if watcher not in _watchers:
        _watchers.append(watcher)


def register_check(type_ref: str, check: Check) -> None:
    _checks[type_ref] = check


def trigger_for(type_ref: str, parameters: JsonObject, *, pointer: str = "/parameters") -> Trigger:
    """The trigger of this type with these parameters, made when nobody has asked for it before.

    Raises `UnknownTrigger`, `InvalidTriggerParameters` with a pointer for each mistake.
    """
    trigger_type = find_type(type_ref)
    full = checked_parameters(trigger_type, parameters, pointer=pointer)
    trigger, _ = Trigger.objects.select_related("type").get_or_create(
        type=trigger_type, digest=digest_of(full), defaults={"parameters": full}
    )
    return trigger


def checked_parameters(
    trigger_type: TriggerType, parameters: JsonObject, *, pointer: str = "/parameters"
) -> JsonObject:
    """With defaults. Raises `InvalidTriggerParameters` with a pointer for each mistake."""
    full = with_defaults(trigger_type, parameters)
    if errors := mistakes(trigger_type, full, pointer=pointer):
        raise InvalidTriggerParameters(f"The parameters do not fit {trigger_type.ref}.", errors=errors)
    return full


def mistakes(trigger_type: TriggerType, full: JsonObject, *, pointer: str) -> list[FieldError]:
    """What is wrong with parameters, defaults filled in; the type need not be kept yet."""
    errors = parameter_errors(trigger_type, full, pointer=pointer)
    if not errors and trigger_type.ref in _checks:
        found = _checks[trigger_type.ref](full)
        errors = [FieldError(f"{pointer}{error.pointer}", error.code, error.detail) for error in found]
    return errors


def lock(triggers: Collection[int]) -> None:
    """Until the transaction ends, in one order: whoever changes which rules listen to one of them does so first."""
    list(Trigger.objects.filter(pk__in=triggers).select_for_update(no_key=True).order_by("pk").values_list("pk"))


def set_listened(listened: Mapping[int, bool]) -> None:
    """In the transaction in which rules change: whether any rule waits for each of these triggers, whose rules are
    others from now on. Locks them, in one order."""
    rows = Trigger.objects.select_related("type").filter(pk__in=listened)
    triggers = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
    # Drawn, not counted: a database that went back (a crash, a fail-over, a restore) may count to the same number
    # again for other rules, while a process still keeps those of the first.
    Trigger.objects.filter(pk__in=listened).update(rules_version=secrets.randbits(62))
    changed = [trigger for trigger in triggers if trigger.is_listened != listened[trigger.pk]]
    for trigger in changed:
        trigger.is_listened = listened[trigger.pk]
    Trigger.objects.bulk_update(changed, ["is_listened"])
    for watcher in _watchers if changed else ():
        watcher(changed)


def is_listened(type_ref: str) -> bool:
    """Whether any rule waits for the type, with whatever parameters."""
    return Trigger.objects.filter(type__ref=type_ref, is_listened=True).exists()
