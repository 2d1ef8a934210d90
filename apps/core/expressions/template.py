"""`{{ … }}` templates: an expression language without statements, calls or anything that can grow without bound.

Jinja's sandbox alone is not enough: `'a' * 10**9` ran for 16 s and took 1 GB. So statements and calls are refused
when a template is compiled, `*`, `**`, `+` and `%` are checked while it runs, and only filters whose output is
bounded exist.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from jinja2 import StrictUndefined, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from apps.core.types import JsonValue

#: Longest template; everything in use is far below.
MAX_TEMPLATE_CHARS = 4096
#: Largest text or list a template may make.
MAX_OUTPUT_CHARS = 64 * 1024
_FILTERS = ("default", "d", "lower", "upper", "trim", "string", "int", "float", "first", "last", "length", "abs")
_REFUSED: tuple[type[nodes.Node], ...] = (
    nodes.For, nodes.Macro, nodes.Call, nodes.CallBlock, nodes.FilterBlock, nodes.With, nodes.Block, nodes.If,
    nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Assign, nodes.AssignBlock, nodes.Scope,
)  # fmt: skip


class TemplateError(ValueError):
    """A template that cannot be compiled or rendered; the text says why."""


@dataclass(frozen=True)
class Template:
    """Compiled once; `render` keeps the type when the template is one expression and nothing else."""

    source: str
    #: What the template asks of its context.
    names: frozenset[str]
    _render: Callable[[Mapping[str, JsonValue]], JsonValue]

    def render(self, context: Mapping[str, JsonValue]) -> JsonValue:
        """The value under `context`. Raises `TemplateError` for an undefined name or a cost beyond the bounds."""
        try:
            value = self._render(context)
        except (JinjaError, ArithmeticError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise TemplateError(f"{self.source}: {error}") from error
        if isinstance(value, str | list) and len(value) > MAX_OUTPUT_CHARS:
            raise TemplateError(f"{self.source}: longer than {MAX_OUTPUT_CHARS}")
        return value


@lru_cache(maxsize=4096)
def compile_template(source: str) -> Template:
    """Raises `TemplateError` for a template that is malformed or uses what is not allowed."""
    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateError(f"longer than {MAX_TEMPLATE_CHARS} characters")
    try:
        tree = _ENVIRONMENT.parse(source)
        _refuse(tree, source)
        names = frozenset(find_undeclared_variables(tree))
        whole = _whole_expression(tree)
        if whole is not None:
            expression = _ENVIRONMENT.compile_expression(whole, undefined_to_none=False)
            return Template(source, names, lambda context: _defined(expression(**context)))
        template = _ENVIRONMENT.from_string(source)
        return Template(source, names, lambda context: template.render(**context))
    except (JinjaError, RecursionError) as error:
        raise TemplateError(f"{source}: {error}") from error


def _whole_expression(tree: nodes.Template) -> str | None:
    """The text of the only expression, when nothing stands around it."""
    source = tree.source_text  # type: ignore[attr-defined]  # kept by _Environment.parse below
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output) or len(tree.body[0].nodes) != 1:
        return None
    text = source.strip()
    if isinstance(tree.body[0].nodes[0], nodes.TemplateData) or text.count("{{") != 1:
        return None
    return str(text[2:-2].strip("-+ \n\t"))


def _refuse(tree: nodes.Template, source: str) -> None:
    for node in tree.find_all(_REFUSED):
        name = type(node).__name__.lower()
        raise TemplateError(f"{source}: {name} is not allowed in a template; only expressions and filters are")


def _defined(value: Any) -> JsonValue:
    if isinstance(value, StrictUndefined):
        str(value)  # raises with the name
    return value


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops: ClassVar[frozenset[str]] = frozenset({"*", "**", "+", "%"})  # type: ignore[misc]  # Jinja declares an instance attribute

    def parse(self, source: str, name: str | None = None, filename: str | None = None) -> nodes.Template:
        tree = super().parse(source, name, filename)
        tree.source_text = source  # type: ignore[attr-defined]  # read by _whole_expression
        return tree

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            if isinstance(left, str | list) and len(left) + len(right) > MAX_OUTPUT_CHARS:
                raise TemplateError("the sum is too long")
        elif not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise TemplateError(f"{operator} works on numbers only")
        elif operator == "**" and (abs(right) > 64 or abs(left) > 1e6):
            raise TemplateError("the power is too large")
        elif operator == "*" and isinstance(left, int) and isinstance(right, int) and abs(left) + abs(right) > 2**64:
            raise TemplateError("the product is too large")
        return super().call_binop(context, operator, left, right)


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, cache_size=0)
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.globals.clear()
    return environment


_ENVIRONMENT = _environment()
