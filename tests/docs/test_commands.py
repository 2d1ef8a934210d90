"""Every command that the documents show works, and says what they show.

Each page is read from top to bottom: files are written, commands typed into a shell in a copy of the tree, outputs
compared. All pages share one Attune. Blocks that cannot be tried here carry a class that says why.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.attune import ROOT, Attune
from tests.docs.pages import Block, blocks_of
from tests.docs.reader import Reader
from tests.ports import free_port

#: Classes of blocks that are not tried, with the reason.
NOT_TRIED = {
    "needs-repository": "the address of the repository is the reader's",
    "needs-containers": "there is no container engine where tests run",
    "needs-kubernetes": "there is no cluster where tests run",
    "needs-systemd": "services of the whole machine are not for tests to change",
    "needs-servers": "a PostgreSQL, a Redis and hosts of the operator's own",
    "takes-minutes": "it takes minutes, and has tests of its own",
}
#: Pages that stop or restart Attune come last, so that the others need not wait for it again.
_LAST = ("docs/packs/languages.md", "docs/operations/backup.md", "docs/quickstart.md")


def _is_tried(block: Block) -> bool:
    return block.is_typed and not block.title and NOT_TRIED.keys().isdisjoint(block.classes)


def _pages() -> list[str]:
    found = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))]
    found = ["README.md", *(page for page in found if "/adr/" not in page and "/changes/" not in page)]
    tried = [page for page in found if any(map(_is_tried, blocks_of(ROOT / page)))]
    return sorted(tried, key=lambda page: _LAST.index(page) if page in _LAST else -1)


@pytest.fixture(scope="module")
def attune(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attune]:
    """Stands for the one that the pages speak of; `script/up` of the first page starts it."""
    settings = {"ATTUNE_DRAIN_S": "1", "ATTUNE_ADMIN_PASSWORD": "correct-horse-1"}
    running = Attune(tmp_path_factory.mktemp("docs"), settings)
    yield running
    down = subprocess.run([ROOT / "script" / "down"], env=running.environment, check=False)
    assert down.returncode == 0
    assert running.processes() == {}


@pytest.fixture(scope="module")
def clone(attune: Attune) -> Path:
    """What `git clone` would give, with changes that are not committed yet; `var` in it leads to the Attune."""
    folder = attune.var_dir.parent / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for room in ("apps", "attune"):  # roles that start at once would each compile all of it anew
        for compiled in (ROOT / room).rglob("__pycache__"):
            shutil.copytree(compiled, folder / compiled.relative_to(ROOT), dirs_exist_ok=True)
    (folder / "var").symlink_to(attune.var_dir)
    (folder / ".venv").symlink_to(os.environ.get("ATTUNE_VENV", ROOT / ".venv"))
    return folder


@pytest.mark.parametrize("name", _pages())
@pytest.mark.timeout(240)
def test_a_page_does_what_it_says(name: str, attune: Attune, clone: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {**attune.environment, "HOME": str(home), "COLUMNS": "200"}
    if (configured := Path.home() / ".config" / "pip" / "pip.conf").is_file():
        environment.setdefault("PIP_CONFIG_FILE", str(configured))
    (own := tmp_path / "of-all").mkdir()
    replaced = {
        "127.0.0.1:8000": f"127.0.0.1:{attune.port}",
        "ATTUNE_PORT=8001": f"ATTUNE_PORT={free_port()}",
        "/tmp/": f"{own}/",  # others may have such files there
    }
    if not _starts_attune(ROOT / name):
        attune.ensure_up()
    reader = Reader(clone, environment, replaced=replaced)
    try:
        _read(ROOT / name, reader)
    finally:
        reader.close()
        for own in home.glob("*/cli.toml"):  # an Attune of the page's own, left by a failure
            its = {**environment, "ATTUNE_VAR_DIR": str(own.parent)}
            subprocess.run([ROOT / "script" / "down"], env=its, check=True)


def _read(page: Path, reader: Reader) -> None:
    blocks = list(blocks_of(page))
    for number, block in enumerate(blocks):
        try:
            if block.title:
                reader.write(block)
            elif _is_tried(block):
                after = blocks[number + 1] if number + 1 < len(blocks) else None
                reader.type(block, after if after and after.is_output else None)
        except AssertionError as error:
            raise AssertionError(f"{page.relative_to(ROOT)}:{block.line}: {error}") from None


def _starts_attune(page: Path) -> bool:
    return next(filter(_is_tried, blocks_of(page))).text.startswith("script/up")


def test_reasons_not_to_try_a_block_are_known_and_used() -> None:
    typed = [block for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] for block in blocks_of(page)]
    used = {word for block in typed if block.is_typed for word in block.classes} - {"sh", "console"}
    assert used == set(NOT_TRIED)
