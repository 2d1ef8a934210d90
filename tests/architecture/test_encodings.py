"""Files are written and read in the encoding that the code names, never in that of the locale of whoever starts it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: How many positional arguments stand before the encoding.
_BEFORE = {"write_text": 1, "read_text": 0}


def test_text_of_files_has_an_encoding() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "apps").rglob("*.py"))
        for call in _without_encoding(ast.parse(path.read_bytes()))
    ]
    assert found == []


def _without_encoding(tree: ast.AST) -> Iterator[ast.Call]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        name = call.func.attr
        has_encoding = any(keyword.arg == "encoding" for keyword in call.keywords)
        if name in _BEFORE and not has_encoding and len(call.args) <= _BEFORE[name]:
            yield call
