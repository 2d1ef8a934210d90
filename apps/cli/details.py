"""What is wrong, place by place, as Attune tells it in problem documents and errors of operations."""

from collections.abc import Mapping
from typing import Any

from apps.cli.errors import Detail


def details_of(facts: Mapping[str, Any]) -> list[Detail]:
    """The `errors` of a problem document, or of an operation's error, but for those that only repeat it; and the `uses`
    of what cannot be removed."""
    told = [_detail(item) for item in facts.get("errors") or () if item.get("detail") != facts.get("detail")]
    return [*told, *(Detail(f"{use['kind']} {use['name']}", use["text"]) for use in facts.get("uses") or ())]


def _detail(item: Mapping[str, Any]) -> Detail:
    if "file" not in item:
        place, text = _dotted(item.get("pointer", "")), str(item.get("detail", ""))
        return Detail("" if text.startswith(f"{place}: ") else place, text)
    place = f"{item['file']}:{item['line']}" if item.get("line") else str(item["file"])
    hint = f" ({item['hint']})" if item.get("hint") else ""
    return Detail(place, f"{item['detail']}{hint}")


def _dotted(pointer: str) -> str:
    """A JSON pointer as it is read aloud: `/parameters/count` is `parameters.count`."""
    return ".".join(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
