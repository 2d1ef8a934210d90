"""`attune pack dev` sees changes, once nothing changes any more."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from apps.cli.packs import developing
from apps.cli.packs.developing import changes_of, snapshot
from tests.factories import write_pack


def test_changes_are_told_when_they_have_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = write_pack(tmp_path / "acme")
    new, cache = pack / "actions" / "new.sh", pack / "__pycache__"
    steps: list[Callable[[], object]] = [
        partial(new.write_text, "half"),
        partial(new.write_text, "the whole"),
        bool,  # nothing changes any more
        new.unlink,
        bool,
        cache.mkdir,
        partial((cache / "x.pyc").write_text, "x"),
        bool,
        partial((pack / "pack.yaml").chmod, 0o755),
        bool,
    ]
    monkeypatch.setattr(developing, "time", SimpleNamespace(sleep=lambda _: steps.pop(0)()))
    seen = [sorted(Path(path).name for path in found) for found in _until_over(changes_of(pack))]
    assert seen == [
        ["deploy.sh", "deploy.yaml", "pack.yaml"],
        ["deploy.sh", "deploy.yaml", "new.sh", "pack.yaml"],
        ["deploy.sh", "deploy.yaml", "pack.yaml"],
        ["deploy.sh", "deploy.yaml", "pack.yaml"],
    ]


def _until_over(changes: Iterator[Any]) -> Iterator[Any]:
    """What is told until there are no steps left."""
    while True:
        try:
            yield next(changes)
        except IndexError:
            return


def test_a_file_that_goes_while_it_is_looked_at_is_left_out(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "acme")
    (pack / "gone").symlink_to("nowhere")
    assert len(snapshot(pack)) == 4
