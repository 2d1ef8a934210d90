"""The form over the list of executions: one field for each filter, with what was typed and what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass

from apps.console.execution_filters import Narrowed
from apps.executions.states import Status


@dataclass(frozen=True)
class Field:
    """`suggests` names the list of suggestions, `mode` the keyboard of a telephone."""

    name: str
    label: str
    hint: str = ""
    mode: str = "text"
    suggests: str = ""
    text: str = ""
    error: str = ""


@dataclass(frozen=True)
class FilterForm:
    """`folded` ones are seldom needed, and shown at once when something is wrong with them. `other_errors` belong to
    no field."""

    first: list[Field]
    folded: list[Field]
    is_unfolded: bool
    statuses: list[tuple[str, bool]]
    seldom_statuses: list[tuple[str, bool]]
    status_error: str
    other_errors: list[str]


_FIRST = (
    Field("q", "Search", "id or action"),
    Field("action", "Action", "pack.action", suggests="actions"),
    Field("since", "Since (UTC)", "24h, 2026-01-31 12:00"),
)
#: States of workflows and inquiries.
_SELDOM = (Status.PAUSING, Status.PAUSED, Status.RESUMING, Status.PENDING)
_FOLDED = (
    Field("until", "Until (UTC)", "1h, 2026-01-31 13:00"),
    Field("pack", "Pack", "ref"),
    Field("label", "Label", "name:value"),
    Field("requested_by", "Requested by", "name"),
    Field("worker", "Worker", "name"),
    Field("gate", "Gate", "id", "numeric"),
    Field("parent", "Children of", "id", "numeric"),
    Field("rerun_of", "Reruns of", "id", "numeric"),
    Field("pinned", "Pinned", "true or false"),
)


def form_of(narrowed: Narrowed) -> FilterForm:
    names = {field.name for field in (*_FIRST, *_FOLDED)} | {"status"}
    chosen = {word for text in narrowed.given.get("status", []) for word in text.split(",")}
    return FilterForm(
        first=[field for item in _FIRST for field in _filled(item, narrowed)],
        folded=[field for item in _FOLDED for field in _filled(item, narrowed)],
        is_unfolded=any(item.name in narrowed.errors for item in _FOLDED),
        statuses=[(status.value, status.value in chosen) for status in Status if status not in _SELDOM],
        seldom_statuses=[(status.value, status.value in chosen) for status in _SELDOM],
        status_error=narrowed.errors.get("status", ""),
        other_errors=[text for name, text in narrowed.errors.items() if name not in names],
    )


def _filled(item: Field, narrowed: Narrowed) -> Iterator[Field]:
    """A field for each text that was given, and an empty one for another label or where nothing was given."""
    texts = narrowed.given.get(item.name, [])
    error = narrowed.errors.get(item.name, "")
    for text in [*texts, ""] if item.name == "label" or not texts else texts:
        yield Field(item.name, item.label, item.hint, item.mode, item.suggests, text, error if text else "")
