"""Forms of the console's own pages, drawn by `console/_form_field.html`; what services refuse is put at the fields."""

from collections.abc import Iterator
from typing import Any

from django import forms

from apps.core.errors import AttuneError, FieldError


class ConsoleForm(forms.Form):
    """Widgets wear the console's classes; everything else is Django's."""

    required_css_class = "a-required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs.setdefault("class", "a-input")

    def add_refusal(self, error: AttuneError) -> None:
        """What a service said: each error at its field where the form has it, the rest above the form."""
        placed = False
        for name, detail in _by_name(error):
            self.add_error(name if name in self.fields else None, detail)
            placed = True
        if not placed:
            self.add_error(None, error.detail)


def _by_name(error: AttuneError) -> Iterator[tuple[str, str]]:
    """The field is the last name of the pointer; of `/grants/3` that is `grants`."""
    for item in error.errors:
        if isinstance(item, FieldError):
            names = [name for name in item.pointer.split("/") if not name.isdigit()]
            yield names[-1] if names else "", item.detail
