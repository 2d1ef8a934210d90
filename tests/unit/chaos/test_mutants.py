"""Each known bug can still be planted: the code has not moved away from under it."""

from pathlib import Path

import pytest

from chaos.fleet import ROOT, Broken
from chaos.mutants import MUTANTS, Mutant, plant


def copied(mutant: Mutant, tree: Path) -> Path:
    file = tree / mutant.file
    file.parent.mkdir(parents=True)
    file.write_text((ROOT / mutant.file).read_text())
    return file


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_is_planted_in_one_place_and_python_stays_python(mutant: Mutant, tmp_path: Path) -> None:
    file = copied(mutant, tmp_path)
    plant(mutant, tmp_path)
    assert mutant.new in file.read_text()
    if file.suffix == ".py":
        compile(file.read_text(), mutant.file, "exec")


def test_a_place_that_is_not_there_any_more_is_an_error(tmp_path: Path) -> None:
    mutant = MUTANTS[0]
    copied(mutant, tmp_path).write_text("-- somebody has rewritten this\n")
    with pytest.raises(Broken, match="0 places"):
        plant(mutant, tmp_path)
