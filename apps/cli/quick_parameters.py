"""Reads words of the command line without Pydantic, whose import takes longer than the rest of a start (ADR 40).

Typer builds a Pydantic adapter for every parameter of the command that is called, given or not. Text, whole numbers and
what is absent need none; the few others (choices) get Typer's own as soon as a value is given.
"""

from dataclasses import dataclass
from typing import Any

from typer._coercion import RuntimeParam, TypeDescriptor, build_runtime_param
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption


class QuickCommand(TyperCommand):
    """A command whose parameters are read without Pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _quick(super().get_params(ctx))


class QuickGroup(TyperGroup):
    """A group of commands whose own parameters are read without Pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _quick(super().get_params(ctx))


@dataclass(frozen=True)
class _QuickParameter(RuntimeParam):
    descriptor: TypeDescriptor

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        if self.annotation is str:
            return value
        if self.annotation == list[str]:
            return list(value)
        if self.annotation is int and _is_whole_number(value) and not self.descriptor.is_ranged:
            return int(value)
        return build_runtime_param(self.descriptor).coerce(value, param, ctx)


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit())


def _quick(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if isinstance(parameter, TyperArgument | TyperOption) and parameter._runtime_param is None:
            descriptor = parameter.type_descriptor
            # Where Typer keeps what reads a value, until now nothing. A test holds Typer to it.
            parameter._runtime_param = _QuickParameter(descriptor.parameter_info, descriptor.annotation, descriptor)
    return parameters
