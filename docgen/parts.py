"""Which parts of the documents are generated, and how they get between the two marks of their page."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from docgen.command_line import command_line
from docgen.limits import limits
from docgen.metrics import metrics
from docgen.operators import operators
from docgen.pack_files import pack_files
from docgen.problems import problems
from docgen.rest import rest
from docgen.settings import settings

DOCS = Path(__file__).resolve().parent.parent / "docs"

#: The page below docs/ that has the part `name`, and what makes it.
PARTS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "settings": ("reference/settings.md", settings),
    "command-line": ("reference/cli.md", command_line),
    "rest": ("reference/rest.md", rest),
    "problems": ("reference/problems.md", problems),
    "metrics": ("operations/monitoring.md", metrics),
    "limits": ("operations/security.md", limits),
    "operators": ("reference/criteria.md", operators),
    "pack-files": ("reference/pack-files.md", pack_files),
}


def outdated(docs: Path = DOCS) -> Iterator[tuple[Path, str]]:
    """Pages whose generated part is not what the code says now, with the whole text they should have."""
    for name, (page, make) in PARTS.items():
        path = docs / page
        text = path.read_text(encoding="utf-8")
        if (wanted := with_part(text, name, make())) != text:
            yield path, wanted


def with_part(text: str, name: str, part: str) -> str:
    """The page with `part` between its marks. Raises ValueError for a page without them."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"({re.escape(begin)}\n).*(\n{re.escape(end)})", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page has no place for {name}: {begin} … {end}")
    return pattern.sub(lambda found: f"{found[1]}\n{part.strip()}\n{found[2]}", text)
