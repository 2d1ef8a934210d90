"""The site that `script/docs` builds."""

import hashlib
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.acceptance.attune import ROOT

_VENDOR = ROOT / "docs" / "assets" / "vendor"
#: What a browser loads by itself, by tag; a link to click is not among it.
_LOADED = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src", "video": "src"}


def build(config: Path, site: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(config),
        "--site-dir",
        str(site),
    ]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    return folder


class _Loads(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (address := dict(attrs).get(_LOADED.get(tag, ""))) is not None:
            self.found.append(address)


def test_a_page_asks_no_other_host_for_anything(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    foreign = {address for page in pages for address in _Loads(page).found if "//" in address}
    assert len(pages) > 30
    assert not foreign


def test_decisions_and_changes_are_listed(site: Path) -> None:
    assert "0001-facts-in-postgresql-hints-in-redis.html" in (site / "adr" / "index.html").read_text()
    assert "The spine" in (site / "changes" / "index.html").read_text()


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[gone](gone.md)\n")
    (tmp_path / "mkdocs.yml").write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\nnav: [index.md]\nhooks: []\n")
    built = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert built.returncode == 1
    assert "gone.md" in built.stderr


def test_vendored_files_are_those_that_were_taken() -> None:
    lines = (_VENDOR / "CHECKSUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split() for line in lines)}
    files = {path.name: path for path in _VENDOR.iterdir() if path.name != "CHECKSUMS"}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == listed
