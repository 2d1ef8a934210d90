"""Parameters of a rule's action: JSON in which every text may be a template, compiled once and rendered per event.

A text that is one expression keeps the type of its value; names that are not there are errors, each with its place.
Names of parameters are never templates. What is rendered may share values with the context: do not change it.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from apps.core.errors import FieldError, Invalid
from apps.core.expressions import Template, TemplateError, compile_template
from apps.core.types import JsonObject, JsonValue
from apps.rules.criteria.operators import kind, weight
from apps.runner.jsonvalue import escape

#: What templates of a rule may ask for.
NAMES: Final = ("trigger", "rule", "event")
MAX_TEMPLATES: Final = 200
MAX_DEPTH: Final = 20
#: Values and characters of everything rendered; a few templates could otherwise repeat a payload without end.
MAX_OUTPUT: Final = 1024 * 1024
#: No further template is begun after this; the slowest known takes 0.36 s (see docs/adr/0088).
MAX_RENDERING_S: Final = 0.5
_MARKS: Final = ("{{", "{%", "{#")
_MAX_ERRORS: Final = 50


class InvalidTemplates(Invalid):
    """The parameters of the action hold templates that are not valid."""

    code = "invalid_templates"


class RenderingFailed(Invalid):
    """The parameters of the action cannot be made from this event."""

    code = "rendering_failed"


@dataclass(frozen=True)
class Parameters:
    """Compiled parameters; `render` may be called from any number of threads."""

    #: What the templates ask of their context.
    names: frozenset[str]
    _root: "_Part"

    def render(self, context: Mapping[str, JsonValue]) -> JsonObject:
        """The parameters for `context` (`trigger`, `rule`, `event`). Raises `RenderingFailed` with every mistake."""
        rendering = _Rendering(context)
        try:
            rendered: JsonObject = self._root.render(rendering)
        except _Enough:
            rendered = {}
        if rendering.errors:
            raise RenderingFailed(errors=rendering.errors)
        return rendered


def compile_parameters(
    templates: JsonValue, *, names: Collection[str] = NAMES, pointer: str = "/action/parameters"
) -> Parameters:
    """Raises `InvalidTemplates` with a JSON pointer, below `pointer`, for each mistake."""
    compiler = _Compiler(frozenset(names))
    root: _Part = _Literal({})
    try:
        if isinstance(templates, dict):
            root = compiler.part(templates, pointer, 0)
        else:
            compiler.refuse(pointer, "wrong_type", f"parameters are an object, not {kind(templates)}")
    except _Enough:
        pass
    if compiler.errors:
        raise InvalidTemplates(errors=compiler.errors)
    return Parameters(frozenset(compiler.asked), root)


class _Enough(Exception):
    """No need to go on."""


class _Rendering:
    """One rendering: its context, what it found wrong, what it may still make."""

    def __init__(self, context: Mapping[str, JsonValue]) -> None:
        self.context = context
        self.errors: list[FieldError] = []
        self._left = MAX_OUTPUT
        self._until = time.monotonic() + MAX_RENDERING_S

    def value(self, template: Template, pointer: str) -> JsonValue:
        if time.monotonic() > self._until:
            self._stop(pointer, "rendering takes too long")
        try:
            value = template.render(self.context)
        except TemplateError as error:
            self._refuse(pointer, str(error))
            return None
        self._left -= weight(value)
        if self._left < 0:
            self._stop(pointer, f"everything rendered is longer than {MAX_OUTPUT}")
        return value

    def _refuse(self, pointer: str, detail: str) -> None:
        self.errors.append(FieldError(pointer, "template", detail))
        if len(self.errors) >= _MAX_ERRORS:
            raise _Enough

    def _stop(self, pointer: str, detail: str) -> None:
        self._refuse(pointer, detail)
        raise _Enough


class _Part(Protocol):
    def render(self, rendering: _Rendering) -> JsonValue: ...


@dataclass(frozen=True, slots=True)
class _Literal:
    value: JsonValue

    def render(self, _: _Rendering) -> JsonValue:
        return self.value


@dataclass(frozen=True, slots=True)
class _Templated:
    template: Template
    pointer: str

    def render(self, rendering: _Rendering) -> JsonValue:
        return rendering.value(self.template, self.pointer)


@dataclass(frozen=True, slots=True)
class _List:
    parts: tuple[_Part, ...]

    def render(self, rendering: _Rendering) -> JsonValue:
        return [part.render(rendering) for part in self.parts]


@dataclass(frozen=True, slots=True)
class _Object:
    parts: Mapping[str, _Part]

    def render(self, rendering: _Rendering) -> JsonValue:
        return {name: part.render(rendering) for name, part in self.parts.items()}


class _Compiler:
    """Goes through the parameters once and collects errors."""

    def __init__(self, names: frozenset[str]) -> None:
        self.errors: list[FieldError] = []
        self.asked: set[str] = set()
        self._names = names
        self._count = 0

    def part(self, value: JsonValue, pointer: str, depth: int) -> _Part:
        if depth > MAX_DEPTH:
            self.refuse(pointer, "too_deep", f"parameters are nested at most {MAX_DEPTH} deep")
            raise _Enough
        if isinstance(value, dict):
            return _Object({name: self._named(name, item, pointer, depth) for name, item in value.items()})
        if isinstance(value, list):
            return _List(tuple(self.part(item, f"{pointer}/{n}", depth + 1) for n, item in enumerate(value)))
        return self._text(value, pointer) if isinstance(value, str) else _Literal(value)

    def refuse(self, pointer: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(pointer, code, detail))
        if len(self.errors) >= _MAX_ERRORS:
            raise _Enough

    def _named(self, name: str, value: JsonValue, pointer: str, depth: int) -> _Part:
        below = f"{pointer}/{escape(name)}"
        if any(mark in name for mark in _MARKS):
            self.refuse(below, "invalid_name", "the name of a parameter is no template")
        return self.part(value, below, depth + 1)

    def _text(self, text: str, pointer: str) -> _Part:
        if not any(mark in text for mark in _MARKS):
            return _Literal(text)
        self._count += 1
        if self._count > MAX_TEMPLATES:
            self.refuse(pointer, "too_many", f"at most {MAX_TEMPLATES} templates")
            raise _Enough
        try:
            template = compile_template(text)
        except TemplateError as error:
            self.refuse(pointer, "invalid_template", str(error))
            return _Literal(None)
        self.asked |= template.names
        for name in sorted(template.names - self._names):
            self.refuse(pointer, "unknown_name", f"{name} is unknown here; there are {', '.join(sorted(self._names))}")
        return _Templated(template, pointer)
