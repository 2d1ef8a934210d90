"""Reads pack files: YAML 1.2 without tags, with a line for every value and all mistakes at once.

PyYAML composes the nodes; the values are made here, because a field whose type is text must take the text as it was
written (`1.10`, `0755`, `no`), and because duplicate keys, tags and alias bombs are errors and not surprises.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from apps.core.errors import ErrorCollector
from apps.core.types import JsonObject, JsonValue

#: Largest file, also after aliases are expanded.
MAX_BYTES = 1024 * 1024
#: Deepest nesting of a pack file, also after aliases are expanded.
MAX_DEPTH = 64
#: Longest number that is read; a longer one is some number that no column can hold.
_LONGEST_INTEGER = 40
_BEYOND_BIGINT = 2**64
Path = Sequence[str | int]

_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_STR = "tag:yaml.org,2002:str"
_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"


class _Loader(yaml.CSafeLoader):
    """The core schema of YAML 1.2: `yes`, `on` and dates are text, octals start with `0o`.

    Asked for each node, so what PyYAML would look up again and again is remembered.
    """

    yaml_implicit_resolvers = {}

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _plain_tag(value) if implicit[0] else _STR
        return _MAP if kind is yaml.MappingNode else _SEQ

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """No tags by place."""

    def ascend_resolver(self) -> None:
        """As above."""


#: By the first character (empty: no text at all), what a scalar without quotes may be besides text.
_PLAIN: dict[str, list[tuple[str, "re.Pattern[str]"]]] = {}
for tag, pattern, first in (
    (_NULL, r"(?:~|null|Null|NULL|)\Z", ["~", "n", "N", ""]),
    (_BOOL, r"(?:true|True|TRUE|false|False|FALSE)\Z", list("tTfF")),
    (_INT, r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z", list("-+0123456789")),
    (
        _FLOAT,
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z",
        list("-+.0123456789"),
    ),
):
    for character in first:
        _PLAIN.setdefault(character, []).append((tag, re.compile(pattern)))


@lru_cache(maxsize=65_536)
def _plain_tag(text: str) -> str:
    return next((tag for tag, form in _PLAIN.get(text[:1], ()) if form.match(text)), _STR)


@dataclass(frozen=True)
class Document:
    """One file whose YAML is well-formed. Lines count from 1."""

    file: str
    root: yaml.Node

    def value(self, schema: JsonObject) -> JsonValue:
        """The document as JSON; `schema` says where text is meant."""
        return _value(self.root, schema)

    def line(self, path: Path = ()) -> int:
        """The line of the value at `path`, or of the nearest thing around it that exists."""
        node = self.root
        line = node.start_mark.line + 1
        for step in path:
            child = _child(node, step)
            if child is None:
                break
            key, node = child
            line = (key or node).start_mark.line + 1
        return int(line)

    def text(self, path: Path) -> str | None:
        """The scalar at `path` as it was written."""
        node: yaml.Node | None = self.root
        for step in path:
            child = _child(node, step) if node is not None else None
            node = child[1] if child else None
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def parse(data: bytes, file: str, errors: ErrorCollector) -> Document | None:
    """The document in `data`, or None with everything that is wrong in `errors`."""
    if len(data) > MAX_BYTES:
        errors.add(file, 0, f"larger than {MAX_BYTES} bytes")
        return None
    try:
        text = _decode(data)
        if line := _line_too_deep(text):
            errors.add(file, line, f"nested deeper than {MAX_DEPTH}")
            return None
        root = _compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        errors.add(file, mark.line + 1 if mark else 0, f"not YAML: {error.problem or error.context}")
        return None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        errors.add(file, 0, f"not YAML: {error}")
        return None
    if root is None:
        errors.add(file, 0, "the file is empty")
        return None
    before = len(errors.errors)
    inspection = _Inspection(file, errors)
    if not any(mark in text for mark in "*!"):  # no alias and no tag: what was written is all there is
        inspection.inspect_keys(root)
    elif inspection.inspect(root) > MAX_BYTES:
        errors.add(file, 0, f"larger than {MAX_BYTES} bytes once its aliases are expanded")
    return Document(file, root) if len(errors.errors) == before else None


def _decode(data: bytes) -> str:
    text = data.decode("utf-8-sig")
    if "\x00" in text:
        raise ValueError("a NUL character")
    return text


def _line_too_deep(text: str) -> int | None:
    """Where nesting goes too deep. Asked before composing, which recurses in C: too deep, and the process is gone."""
    if _deepest(text) <= MAX_DEPTH:
        return None
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH and event.start_mark is not None:
            return int(event.start_mark.line) + 1
    return None


def _deepest(text: str) -> int:
    """No less than how deep `text` can be nested, at a glance: each bracket opens something, and so does, twice (a list
    and a mapping), each column in which a line may begin."""
    columns = max((match.end() - match.start() for match in _INDENT.finditer(text)), default=0)
    return 2 * (columns + 1) + text.count("[") + text.count("{")


#: What stands before the first word of a line: spaces, and the marks of lists and keys within each other.
_INDENT = re.compile(r"^[ \t?:-]*", re.MULTILINE)


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    finally:
        loader.dispose()
    return root


class _Inspection:
    """Walks the nodes once: tags, duplicate keys, keys that are no text, endless aliases, size after expansion."""

    def __init__(self, file: str, errors: ErrorCollector) -> None:
        self._file = file
        self._errors = errors
        self._sizes: dict[int, int] = {}
        self._heights: dict[int, int] = {}
        self._open: set[int] = set()

    def inspect_keys(self, root: yaml.Node) -> None:
        """Only keys, of a document without aliases."""
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, yaml.MappingNode):
                self._check_keys(node)
                waiting += [child for _, child in node.value if not isinstance(child, yaml.ScalarNode)]
            elif isinstance(node, yaml.SequenceNode):
                waiting += [child for child in node.value if not isinstance(child, yaml.ScalarNode)]

    def inspect(self, node: yaml.Node, depth: int = 0) -> int:
        """The size of `node` in characters, aliases counted as often as they are used."""
        if depth + self._heights.get(id(node), 0) > MAX_DEPTH:
            self._add(node, f"nested deeper than {MAX_DEPTH} once its aliases are expanded")
            return 0
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        if id(node) in self._open:
            self._add(node, "an alias inside the thing it names")
            return 0
        self._open.add(id(node))
        self._check_tag(node)
        size = 1 + self._inner(node, depth)
        self._open.discard(id(node))
        self._sizes[id(node)] = size
        self._heights[id(node)] = 1 + max((self._heights.get(id(child), 0) for child in _children(node)), default=0)
        return size

    def _inner(self, node: yaml.Node, depth: int) -> int:
        if isinstance(node, yaml.ScalarNode):
            return len(node.value)
        if isinstance(node, yaml.SequenceNode):
            return sum(self.inspect(child, depth + 1) for child in node.value)
        assert isinstance(node, yaml.MappingNode)
        self._check_keys(node)
        return sum(self.inspect(key, depth + 1) + self.inspect(child, depth + 1) for key, child in node.value)

    def _check_keys(self, node: yaml.MappingNode) -> None:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._add(key, "a key must be text")
            elif key.value in lines:
                self._add(key, f"the key {key.value!r} stands on line {lines[key.value]} and on line {line}")
            else:
                lines[key.value] = line

    def _check_tag(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.ScalarNode):
            plain = not node.style
            expected = _resolve(yaml.ScalarNode, node.value, (plain, not plain))
        else:
            expected = _resolve(type(node), None, True)
        if node.tag != expected:
            self._add(node, f"tags are not allowed here ({node.tag})", "write the value without the tag")

    def _add(self, node: yaml.Node, detail: str, hint: str = "") -> None:
        self._errors.add(self._file, node.start_mark.line + 1, detail, hint)


_resolve: Callable[[type[yaml.Node], Any, Any], str] = _Loader("").resolve


def _value(node: yaml.Node, schema: JsonObject) -> JsonValue:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, schema)
    if isinstance(node, yaml.SequenceNode):
        items = schema.get("items", {})
        return [_value(child, items if isinstance(items, dict) else {}) for child in node.value]
    return {str(key.value): _value(child, _property(schema, str(key.value))) for key, child in node.value}


def _property(schema: JsonObject, name: str) -> JsonObject:
    found = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
    return found if isinstance(found, dict) else {}


def _scalar(node: yaml.ScalarNode, schema: JsonObject) -> JsonValue:
    text = str(node.value)
    if node.tag == _NULL:
        return None
    if node.tag == _STR or is_text(schema):
        return text
    if node.tag == _BOOL:
        return text.lower() == "true"
    if node.tag == _INT:
        return _integer(text)
    return float(
        text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").lower().replace(".nan", "nan")
    )


def _integer(text: str) -> int:
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    # Python refuses to read thousands of digits; who reads the file refuses every number beyond 64 bits.
    return int(text) if len(text) <= _LONGEST_INTEGER else _BEYOND_BIGINT


def is_text(schema: Mapping[str, Any]) -> bool:
    """Whether a value under `schema` is text and nothing else (null apart)."""
    kind = schema.get("type")
    return kind == "string" or (isinstance(kind, list) and set(kind) <= {"string", "null"} and "string" in kind)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if str(key.value) == str(step):
                return key, child
    if isinstance(node, yaml.SequenceNode):
        index = int(step) if str(step).isdigit() else -1
        if 0 <= index < len(node.value):
            return None, node.value[index]
    return None


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for _, child in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
