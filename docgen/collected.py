"""MkDocs' hook for the pages that list the files of their folder: decisions and changes, as they are at the build.

Their lists are not committed: every change adds a file there, and a list would be in conflict with each other one.
"""

import re
from pathlib import Path
from typing import Any

from docgen.markdown import table

DOCS = Path(__file__).resolve().parent.parent / "docs"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by MkDocs with the text of each page."""
    if page.file.src_uri == "adr/README.md":
        return markdown + "\n" + decisions(DOCS / "adr")
    if page.file.src_uri == "changes/README.md":
        return markdown + "\n" + changes(DOCS / "changes")
    return markdown


def decisions(folder: Path) -> str:
    """Number and title of each, as links."""
    rows = []
    for path in _files(folder):
        number, _, title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(". ")
        rows.append([number, f"[{title}]({path.name})"])
    return table(["Number", "Decision"], rows)


def changes(folder: Path) -> str:
    """All of them, the newest first, a heading lower."""
    texts = [path.read_text(encoding="utf-8").strip() for path in reversed(_files(folder))]
    return "\n\n".join(re.sub(r"^#", "##", text, flags=re.MULTILINE) for text in texts) + "\n"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.md"))
