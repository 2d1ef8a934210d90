"""Writes files of packs so that reading them gives the same values: text that could be something else is quoted."""

import re
from pathlib import Path
from typing import Any

import yaml

from apps.core.types import JsonObject

#: Text that no reader of YAML takes for anything but text.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*\Z")
_WORDS = re.compile(r"(?:true|false|null|yes|no|on|off|y|n)\Z", re.IGNORECASE)


class _Dumper(yaml.CSafeDumper):
    """No anchors: what appears twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    is_plain = bool(_PLAIN.match(value)) and not _WORDS.match(value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if is_plain else '"')


_Dumper.add_representer(str, _text)


def write_yaml(file: Path, body: JsonObject) -> None:
    """In UTF-8, whatever the locale of the process is."""
    file.write_text(as_yaml(body), encoding="utf-8")


def as_yaml(body: JsonObject) -> str:
    """One document, keys in their order."""
    text: str = yaml.dump(
        body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120
    )
    return text
