"""Laws of the console's templates and of the parts of others it serves."""

import hashlib
import re
from pathlib import Path

import pytest

CONSOLE = Path(__file__).resolve().parents[2] / "apps" / "console"
VENDOR = CONSOLE / "static" / "console" / "vendor"
TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
SOURCES = TEMPLATES + sorted(path for path in (CONSOLE / "static").rglob("*.*") if VENDOR not in path.parents)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_script_and_no_style_stands_in_a_page(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(r"<script(?![^>]*\bsrc=)", text)
    assert not re.findall(r"<style", text)
    assert not re.findall(r"""\son[a-z]+=["']""", text)
    assert "javascript:" not in text
    assert "hx-on" not in text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_is_asked_of_another_host(path: Path) -> None:
    addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", path.read_text())
    assert [address for address in addresses if not address.endswith("www.w3.org")] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_nothing_is_marked_as_safe_unseen(path: Path) -> None:
    assert not re.findall(r"\|\s*safe\b|autoescape off", path.read_text())


def test_parts_of_others_are_what_was_taken() -> None:
    lines = [line.split() for line in (VENDOR / "CHECKSUMS").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    files = {path.name: path for path in VENDOR.iterdir() if path.suffix in (".js", ".css")}
    assert set(files) == set(listed)
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == listed[name], name


def test_parts_of_others_have_their_licence_and_are_listed() -> None:
    readme = (VENDOR / "README.md").read_text()
    for path in VENDOR.iterdir():
        if path.name not in ("README.md", "CHECKSUMS"):
            assert f"`{path.name}`" in readme, path.name
