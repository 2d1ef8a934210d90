from pathlib import Path

import pytest

from apps.core.schema import ObjectSchema
from apps.packs.loader import PackInvalid, load_pack
from tests.factories import write_pack
from tests.factories.packs import ACTION

pytestmark = pytest.mark.usefixtures("shell")


def pack_with(folder: Path, schema: str) -> Path:
    files = {"actions/deploy.yaml": ACTION.format(name="deploy"), "actions/deploy.sh": "echo\n"}
    return write_pack(folder, files={**files, "config.schema.yaml": schema})


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(PackInvalid) as refused:
        load_pack(folder)
    return [str(error) for error in refused.value.errors]


def test_a_pack_without_the_file_wants_to_be_told_nothing(tmp_path: Path) -> None:
    assert load_pack(write_pack(tmp_path)).config_schema == {}


def test_what_is_declared_is_kept_with_its_marks(tmp_path: Path) -> None:
    schema = (
        "host: {type: string, required: true}\nport: {type: integer, default: 22}\nkey: {type: string, secret: true}\n"
    )
    declared = load_pack(pack_with(tmp_path, schema)).config_schema
    compiled = ObjectSchema(declared)
    assert (set(compiled.required), set(compiled.secrets)) == ({"host"}, {"key"})
    assert compiled.defaults == {"port": 22}


def test_the_form_of_stackstorm_is_read_as_it_is(tmp_path: Path) -> None:
    """Marks at any depth; what holds a secret is secret as a whole."""
    schema = """
credentials:
  description: who we are there
  type: object
  required: true
  properties:
    user: {type: string, required: true}
    password: {type: string, secret: true, required: true}
  additionalProperties: false
servers:
  type: array
  items:
    type: object
    properties:
      name: {type: string, required: true}
      port: {type: integer}
"""
    declared = load_pack(pack_with(tmp_path, schema)).config_schema
    compiled = ObjectSchema(declared)
    assert (set(compiled.required), set(compiled.secrets)) == ({"credentials"}, {"credentials"})
    assert declared["servers"]["items"]["required"] == ["name"]
    pointers = [error.pointer for error in compiled.errors({"credentials": {"user": "x"}, "servers": [{"port": 1}]})]
    assert pointers == ["/credentials/password", "/servers/0/name"]


def test_mistakes_are_told_with_their_lines(tmp_path: Path) -> None:
    schema = (
        "a: {type: strange}\nb: {type: string, secret: true, default: hush}\nc: {type: integer, default: x}\nd: 5\n"
    )
    said = mistakes(pack_with(tmp_path, schema))
    assert said == [said[0]]
    assert said[0].startswith("config.schema.yaml:4: d: ")
    said = mistakes(pack_with(tmp_path, schema.removesuffix("d: 5\n")))
    assert [line.split(": ")[0] for line in said] == [f"config.schema.yaml:{number}" for number in (1, 2, 3)]
    assert "a default in a file is no secret" in said[1]
