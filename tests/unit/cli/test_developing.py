"""`attune pack dev` sees changes, once nothing changes any more."""

from pathlib import Path
from typing import Any

import pytest

from apps.cli.packs import developing
from apps.cli.packs.developing import changes_of, snapshot
from tests.factories import write_pack


def test_changes_are_told_when_they_have_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = write_pack(tmp_path / "acme")
    steps = iter(
        [
            lambda: (pack / "actions" / "new.sh").write_text("half"),
            lambda: (pack / "actions" / "new.sh").write_text("the whole"),
            lambda: None,
            lambda: (pack / "actions" / "new.sh").unlink(),
            lambda: None,
            lambda: (pack / "__pycache__").mkdir(),
            lambda: (pack / "__pycache__" / "x.pyc").write_text("x"),
            lambda: None,
            lambda: (pack / "pack.yaml").chmod(0o755),
            lambda: None,
        ]
    )

    class Time:
        @staticmethod
        def sleep(_: float) -> None:
            next(steps)()

    monkeypatch.setattr(developing, "time", Time)
    told: list[Any] = []
    with pytest.raises(RuntimeError):  # the steps are over
        for seen in changes_of(pack):
            told.append(sorted(Path(path).name for path in seen))
    assert told == [
        ["deploy.sh", "deploy.yaml", "pack.yaml"],
        ["deploy.sh", "deploy.yaml", "new.sh", "pack.yaml"],
        ["deploy.sh", "deploy.yaml", "pack.yaml"],
        ["deploy.sh", "deploy.yaml", "pack.yaml"],
    ]


def test_a_file_that_goes_while_it_is_looked_at_is_left_out(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "acme")
    (pack / "gone").symlink_to("nowhere")
    assert len(snapshot(pack)) == 4
