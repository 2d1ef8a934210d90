"""`{{ … }}` templates: an expression language without statements, calls or anything that can grow without bound.

Jinja's sandbox alone is not enough: `'a' * 10**9` ran for 16 s and took 1 GB, and each level of `[…]|string` doubles
the backslashes inside it. So statements and calls are refused when a template is compiled, the number of its operations
is bounded, `*`, `**`, `+`, `%` and `~` are checked while it runs, and only filters exist whose input and output are
weighed.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, ClassVar

from jinja2 import StrictUndefined, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.environment import TemplateExpression
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from apps.core.types import JsonValue
from apps.runner.jsonvalue import BadValueError, check_value

#: Longest template; everything in use is far below.
MAX_TEMPLATE_CHARS = 4096
#: Largest text or list a template may make.
MAX_OUTPUT_CHARS = 64 * 1024
#: Most operations (operators, filters, look-ups, lists) in one template.
#: Jinja's compiler takes more than twice as long for twice as many: 190 nested filters took it 6 s.
MAX_OPERATIONS = 50
_FILTERS = ("default", "d", "lower", "upper", "trim", "string", "int", "float", "first", "last", "length", "abs")
_REFUSED: tuple[type[nodes.Node], ...] = (
    nodes.For, nodes.Macro, nodes.Call, nodes.CallBlock, nodes.FilterBlock, nodes.With, nodes.Block, nodes.If,
    nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Assign, nodes.AssignBlock, nodes.Scope,
)  # fmt: skip
#: What `~` becomes; no name that a template could write.
_JOINED = "~"
#: Names of Python's own: no value has such a field, and whoever asks for one looks for a way out.
_INTERNAL = re.compile("__.*__", re.DOTALL)


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
        except (
            JinjaError,
            ArithmeticError,
            LookupError,
            NameError,
            TypeError,
            ValueError,
            AttributeError,
            RecursionError,
        ) as error:
            raise TemplateError(f"{self.source}: {error}") from error
        if _weight(value) > MAX_OUTPUT_CHARS:
            raise TemplateError(f"{self.source}: longer than {MAX_OUTPUT_CHARS}")
        if unfit := _unfit(value):
            raise TemplateError(f"{_beginning(self.source)}: {unfit}")
        return value


@lru_cache(maxsize=4096)
def compile_template(source: str) -> Template:
    """Raises `TemplateError` for a template that is malformed or uses what is not allowed."""
    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateError(f"longer than {MAX_TEMPLATE_CHARS} characters")
    try:
        tree = _ENVIRONMENT.parse(source)
        _refuse(tree, source)
        tree = _Joins().visit(tree)  # first of all: also whoever looks for names computes constants
        names = frozenset(find_undeclared_variables(tree))
        whole = _whole_expression(tree)
        if whole is not None:
            expression = _compiled(whole)
            return Template(source, names, lambda context: _defined(expression(**context)))
        template = _ENVIRONMENT.from_string(tree)
        return Template(source, names, lambda context: template.render(**context))
    except TemplateError:
        raise  # it says already where
    # Python's own compiler has limits, too: nested brackets, depth, memory for both.
    except (JinjaError, RecursionError, SyntaxError, MemoryError, ValueError, OverflowError) as error:
        raise TemplateError(f"{_beginning(source)}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Without the place that Jinja may add: it is one in its own code."""
    return str(error.message if isinstance(error, JinjaError) else error)


def _beginning(source: str) -> str:
    return source if len(source) <= 200 else f"{source[:200]}…"


def _whole_expression(tree: nodes.Template) -> nodes.Expr | None:
    """The only expression, when nothing stands around it."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output) or len(tree.body[0].nodes) != 1:
        return None
    (expression,) = tree.body[0].nodes
    return None if isinstance(expression, nodes.TemplateData) else expression


def _compiled(expression: nodes.Expr) -> TemplateExpression:
    """As `Environment.compile_expression` does it with a text."""
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store", lineno=1), expression, lineno=1)]
    tree = nodes.Template(body, lineno=1)
    tree.set_environment(_ENVIRONMENT)
    return TemplateExpression(_ENVIRONMENT.from_string(tree), undefined_to_none=False)


class _Joins(NodeTransformer):
    """Turns `a ~ b` into a filter: Jinja joins on its own, also while it compiles, and without a bound."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - as Jinja calls it
        self.generic_visit(node)
        items = nodes.List(node.nodes, lineno=node.lineno, environment=node.environment)
        return nodes.Filter(items, _JOINED, [], [], None, None, lineno=node.lineno, environment=node.environment)


def _refuse(tree: nodes.Template, source: str) -> None:
    for node in tree.find_all(_REFUSED):
        name = type(node).__name__.lower()
        said = f"{_beginning(source)}: {name} is not allowed in a template; only expressions and filters are"
        raise TemplateError(said)
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if _INTERNAL.fullmatch(name := _name_in(node)):
            raise TemplateError(f"{_beginning(source)}: {name} is not allowed in a template")
    operations = sum(1 for node in tree.find_all(nodes.Expr) if not isinstance(node, nodes.Name | nodes.Literal))
    if operations > MAX_OPERATIONS:
        raise TemplateError(f"{_beginning(source)}: more than {MAX_OPERATIONS} operations")


def _name_in(node: nodes.Expr) -> str:
    """What it asks for, where that stands in the template."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    return str(node.arg.value) if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) else ""


def _defined(value: Any) -> JsonValue:
    if isinstance(value, StrictUndefined):
        str(value)  # raises with the name
    return value


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops: ClassVar[frozenset[str]] = frozenset({"*", "**", "+", "%"})  # type: ignore[misc]  # Jinja declares an instance attribute

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Fields only: Jinja would look at Python's methods first, and `{{ body.items }}` would be one of them."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, StrictUndefined):
            return super().getattr(obj, str(argument))  # raises with the name of what is not there
        if isinstance(obj, dict | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(hint=_gap(obj, argument), obj=obj, name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            if isinstance(left, str | list) and _weight([left, right]) > MAX_OUTPUT_CHARS:
                raise TemplateError("the sum is too long")
        elif not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise TemplateError(f"{operator} works on numbers only")
        elif operator == "**" and (abs(right) > 64 or abs(left) > 1e6):
            raise TemplateError("the power is too large")
        elif operator == "*" and isinstance(left, int) and isinstance(right, int) and abs(left) + abs(right) > 2**64:
            raise TemplateError("the product is too large")
        return super().call_binop(context, operator, left, right)


def _gap(value: object, asked: object) -> str:
    """That something is not there, in words of JSON rather than of Python."""
    if isinstance(value, dict):
        return f"the object has no {asked!r}"
    if isinstance(value, list | tuple):
        return f"the list of {len(value)} has no {asked!r}"
    return f"null has no {asked!r}" if value is None else f"a text, number or boolean has no {asked!r}"


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, cache_size=0, optimized=False)
    environment.filters = {name: _bounded(environment.filters[name]) for name in _FILTERS}
    environment.filters[_JOINED] = _bounded(_join)
    environment.globals.clear()
    return environment


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, of values whose weight is bounded, before and after it."""

    @wraps(function)
    def weighed(*given: Any, **named: Any) -> Any:
        if any(_weight(value) > MAX_OUTPUT_CHARS for value in given):
            raise TemplateError(f"the value is longer than {MAX_OUTPUT_CHARS}")
        result = function(*given, **named)
        if not _is_finite(result):  # Jinja would write it into its code as a name: `nan`
            raise TemplateError("not a finite number")
        if _weight(result) > MAX_OUTPUT_CHARS:
            raise TemplateError(f"the value is longer than {MAX_OUTPUT_CHARS}")
        return result

    return weighed


def _is_finite(value: object) -> bool:
    return not isinstance(value, complex) and not (isinstance(value, float) and not math.isfinite(value))


def _unfit(value: object) -> str:
    """Why the value could not be kept: literals in a template may hold what no JSON from outside does."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
            if not all(isinstance(key, str) for key in item):
                return "a key that is no text"
            waiting += item
        elif isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, StrictUndefined):
            return "a name in it is not there"
        else:
            try:
                check_value(item)
            except BadValueError as error:
                return error.reason
    return ""


def _join(values: list[Any]) -> str:
    return "".join(str(value) for value in values)


def _weight(value: object) -> int:
    """About as many characters as the value has when written, counted no further than necessary."""
    total, waiting = 0, [value]
    while waiting and total <= MAX_OUTPUT_CHARS:
        item = waiting.pop()
        total += len(item) if isinstance(item, str) else 1
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item
    return total


_ENVIRONMENT = _environment()
