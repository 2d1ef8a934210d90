"""Templates of runtime files: `{name}` stands for a value, `{{` and `}}` for braces, the rest for itself.

Not `str.format`: its attribute access and format specifications have no place in a file that a stranger
wrote.
"""

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"\{\{|\}\}|\{([a-z_]+)\}")


def names_in(template: str) -> list[str]:
    """The names a template asks for, in order of appearance."""
    return [match[1] for match in _TOKEN.finditer(template) if match[1]]


def render(template: str, values: Mapping[str, str]) -> str:
    """Each value is put in once and never looked at again, so a path with braces does no harm."""
    return _TOKEN.sub(lambda match: values[match[1]] if match[1] else match[0][0], template)
