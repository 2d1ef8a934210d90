"""A form made of declared properties (an action's parameters): fields to show, values read back, errors in place."""

from apps.console.schema_form.fields import Field, Kind
from apps.console.schema_form.form import SchemaForm

__all__ = ["Field", "Kind", "SchemaForm"]
