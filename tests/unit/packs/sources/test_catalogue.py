"""Runs catalogue.yaml: everything hostile changes nothing, and is told by its code."""

import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.core.errors import AttuneError
from apps.core.fetch import FetchPolicy, fetch
from apps.packs.sources import entries
from apps.packs.sources.address import parse_source
from apps.packs.sources.extract import MAX_BYTES, MAX_RATIO, extract
from tests.unit.packs.sources.hostile import MADE, tar_of, zip_of

CATALOGUE: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text())
MAKERS = {"tar": tar_of, "zip": zip_of}


@pytest.fixture(autouse=True)
def few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (entries.MAX_ENTRIES, MAX_BYTES, MAX_RATIO) == (5_000, 100 * 1024 * 1024, 100)
    monkeypatch.setattr(entries, "MAX_ENTRIES", 100)  # thousands of files would take seconds


@pytest.fixture(autouse=True)
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Others use the machine's meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))


def named(cases: list[dict[str, Any]], key: str) -> list[Any]:
    return [pytest.param(case, id=repr(case[key])[1:-1] + repr(case.get("ref", ""))[1:-1]) for case in cases]


def outcome(archive: bytes, folder: Path) -> Any:
    """The files that came out, or code/reason. Nothing may be left of what was refused, nor appear beside it."""
    before = set(Path(tempfile.gettempdir()).iterdir())
    target = folder / "room" / "target"
    target.parent.mkdir()
    try:
        extract(io.BytesIO(archive), target)
    except AttuneError as error:
        assert list(folder.rglob("*")) == [target.parent], "a refused archive leaves nothing"
        told = error.detail
        assert told.isascii(), "what names the entry is harmless to show"
        assert told.isprintable()
        assert set(Path(tempfile.gettempdir()).iterdir()) <= before
        reason = error.facts.get("reason")
        return f"{error.code}/{reason}" if reason else error.code
    assert list(target.parent.iterdir()) == [target]
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("case", "form"),
    [
        pytest.param(case, form, id=f"{case['name']} in {form}")
        for case in CATALOGUE["archives"]
        for form in MAKERS
        if case.get("in", form) == form
    ],
)
def test_an_archive_is_unpacked_or_refused_as_a_whole(case: dict[str, Any], form: str, tmp_path: Path) -> None:
    archive = MAKERS[form](case["entries"])
    assert len(archive) < 500_000 or case["expected"] == "archive_too_large"
    found = outcome(archive, tmp_path)
    if isinstance(case["expected"], int):
        assert len(found) == case["expected"]
    else:
        assert found == (sorted(case["expected"]) if isinstance(case["expected"], list) else case["expected"])


@pytest.mark.parametrize("case", named(CATALOGUE["streams"], "name"))
def test_what_is_no_archive_is_told(case: dict[str, Any], tmp_path: Path) -> None:
    archive = MADE[case["made"]]() if "made" in case else case["bytes"].encode()
    expected = case["expected"] if isinstance(case["expected"], list) else [case["expected"]]
    assert outcome(archive, tmp_path) in expected


@pytest.mark.parametrize("case", named(CATALOGUE["sources"], "source"))
def test_a_source_is_known_or_refused(case: dict[str, Any]) -> None:
    try:
        found = parse_source(case["source"], ref=str(case.get("ref", ""))).kind.value
    except AttuneError as error:
        found = error.errors[0].code  # type: ignore[union-attr]  # a field's
    assert found == case["expected"]


@pytest.mark.parametrize("case", named(CATALOGUE["fetches"], "url"))
def test_an_address_the_server_must_not_ask_is_refused(case: dict[str, Any]) -> None:
    target = io.BytesIO()
    with pytest.raises(AttuneError) as caught:
        fetch(case["url"], target, max_bytes=100, policy=FetchPolicy())
    assert caught.value.code == case["expected"]
    assert target.getvalue() == b""
