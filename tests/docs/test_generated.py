"""What the documents say of settings, commands, addresses and codes is what the code says."""

import re
from pathlib import Path

import pytest

from docgen import collected
from docgen.parts import DOCS, PARTS, outdated, with_part

ROOT = DOCS.parent


@pytest.mark.django_db
def test_generated_parts_are_those_of_the_code() -> None:
    pages = [str(path.relative_to(ROOT)) for path, _ in outdated()]
    assert not pages, f"run script/docs --generate: {', '.join(pages)} say what the code no longer says"


def test_a_part_replaces_what_stands_between_its_marks_and_nothing_else() -> None:
    page = "before\n<!-- generated: x -->\nold\n<!-- end of x -->\nafter\n"
    assert with_part(page, "x", "new") == "before\n<!-- generated: x -->\n\nnew\n\n<!-- end of x -->\nafter\n"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for x"):
        with_part("text", "x", "new")


def test_every_mark_has_its_part() -> None:
    marks = {mark for page in DOCS.rglob("*.md") for mark in re.findall(r"<!-- generated: (\S+) -->", page.read_text())}
    assert marks == set(PARTS)


def test_decisions_are_listed_by_number(tmp_path: Path) -> None:
    (tmp_path / "0002-b.md").write_text("# 2. Second\n\nText.\n")
    (tmp_path / "0001-a.md").write_text("# 1. First\n")
    assert collected.decisions(tmp_path).splitlines()[2:] == [
        "| 1 | [First](0001-a.md) |",
        "| 2 | [Second](0002-b.md) |",
    ]


def test_changes_come_newest_first_and_a_heading_lower(tmp_path: Path) -> None:
    (tmp_path / "0001-a.md").write_text("# One\n\n- text\n")
    (tmp_path / "0002-b.md").write_text("# Two\n")
    assert collected.changes(tmp_path) == "## Two\n\n## One\n\n- text\n"


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text())
    gone = [target for target in targets if not target.startswith("http") and not (ROOT / target).exists()]
    assert not gone
