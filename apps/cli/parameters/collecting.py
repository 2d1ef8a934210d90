"""Collects an action's parameters from the words behind it: names for positions, values for text."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from apps.cli.errors import Detail, InvalidValues
from apps.cli.parameters.casting import NotCastable, cast, strict_json
from apps.cli.parameters.words import Word


def needs_schema(words: Iterable[Word]) -> bool:
    """Whether the action must be asked what it takes: JSON with a name says everything itself."""
    return any(word.name is None or not word.is_json for word in words)


def collect(words: Sequence[Word], declared: Mapping[str, Any], *, action: str) -> dict[str, Any]:
    """The request's `parameters`. `declared` is the action's `parameters`: schemas with `position` and `secret`.

    A name that is not declared goes on as text, because Attune says best what is wrong with it. Raises
    `InvalidValues`.
    """
    positions = _by_position(declared)
    values: dict[str, Any] = {}
    errors: list[Detail] = []
    for word in words:
        name = word.name if word.name is not None else next(positions, None)
        if name is None:
            errors.append(Detail("", _too_many(word, declared)))
        elif name in values:
            errors.append(Detail(f"parameters.{name}", "given twice"))
        else:
            values[name] = _value(word, name, declared, errors)
    if errors:
        hints = what_it_takes(values, declared, action=action)
        raise InvalidValues(f"These are no parameters for {action}.", details=errors, hints=hints)
    return values


def what_it_takes(names: Iterable[str], declared: Mapping[str, Any], *, action: str) -> list[str]:
    """Hints about `names` that are nearly those of parameters, and where all of them are described."""
    near = {name: get_close_matches(name, declared, n=1) for name in names if name not in declared}
    meant = [f"{name}: did you mean {found[0]}?" for name, found in near.items() if found]
    return [*meant, f"what the action takes: attune action show {action}"]


def _by_position(declared: Mapping[str, Any]) -> Any:
    placed = [(schema["position"], name) for name, schema in declared.items() if "position" in schema]
    return (name for _, name in sorted(placed))


def _too_many(word: Word, declared: Mapping[str, Any]) -> str:
    # Without its text: it may be a secret that was meant for a name.
    takes = ", ".join(name for _, name in sorted((s["position"], n) for n, s in declared.items() if "position" in s))
    how = f"only {takes} may stand without a name" if takes else "every value needs its name: NAME=VALUE"
    return f"a value of {len(word.text)} characters has no name; {how}"


def _value(word: Word, name: str, declared: Mapping[str, Any], errors: list[Detail]) -> Any:
    try:
        return strict_json(word.text) if word.is_json else cast(word.text, declared.get(name, {}))
    except NotCastable as error:
        errors.append(Detail(f"parameters.{name}", str(error)))
        return None
