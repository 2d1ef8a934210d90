"""One action, read as an installation reads it."""

from pathlib import Path

import pytest

from apps.actions.definition import Definition
from apps.packs.loader import PackInvalid, load_pack
from tests.factories import write_pack


def pack_with(folder: Path, text: str, *, program: str = "deploy.sh", code: str = "true\n") -> Path:
    return write_pack(folder, files={"actions/deploy.yaml": text, f"actions/{program}": code})


def read(folder: Path, text: str, *, program: str = "deploy.sh", code: str = "true\n") -> Definition:
    (definition,) = load_pack(pack_with(folder, text, program=program, code=code)).content["actions"]
    assert isinstance(definition, Definition)
    return definition


def mistakes(folder: Path, text: str, *, program: str = "deploy.sh", code: str = "true\n") -> list[str]:
    with pytest.raises(PackInvalid) as refused:
        load_pack(pack_with(folder, text, program=program, code=code))
    return [str(error).removeprefix("actions/deploy.yaml:") for error in refused.value.errors]
