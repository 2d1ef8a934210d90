"""Templates over values, in a language whose cost is bounded."""

from apps.core.expressions.template import Template, TemplateError, compile_template

__all__ = ["Template", "TemplateError", "compile_template"]
