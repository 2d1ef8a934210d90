"""What `attune pack new` writes can be installed, runs and is tested, in every language that is on this machine."""

import os
import subprocess
from pathlib import Path

import pytest

from apps.cli.errors import Failed, UsageError
from apps.cli.packs.creating import runtimes, write_pack
from apps.local.neighbours import core_runtimes
from apps.local.running import run_action
from apps.local.testing import test as run_tests
from apps.local.validating import validate
from apps.packs.reserved import RESERVED
from apps.runtimes.detect import detect
from tests.integration.local.conftest import Heard

#: Where CI runs these are there.
REQUIRED = frozenset({"python", "shell", "node", "ruby", "perl", "native"})


def need(runtime: str) -> None:
    known = {item.name: item for item in core_runtimes()}
    if runtime not in known:
        pytest.skip(f"the core pack has no runtime {runtime}")
    found = detect(known[runtime], search_path=os.environ["PATH"])
    if not found.installations:
        refuse = pytest.fail if os.environ.get("CI") == "true" and runtime in REQUIRED else pytest.skip
        refuse(f"{runtime} is not on this host: {found.reason}")


@pytest.mark.parametrize("runtime", runtimes())
def test_a_template_works(tmp_path: Path, heard: Heard, runtime: str) -> None:
    need(runtime)
    folder = str(tmp_path / "new")
    write_pack("acme.web", Path(folder), runtime=runtime)
    assert validate({"folder": folder}, heard)["errors"] == []
    given = {"parameters": {"name": "Ada"}, "secrets": {}, "demanded": [], "config": {}}
    ended = run_action({"folder": folder, "action": "hello", **given}, heard)
    assert (ended["error"], ended["result"]) == (None, {"greeting": "Hello, Ada!"})
    assert "greets Ada\n" in heard.logged
    report = run_tests({"folder": folder}, heard)
    assert (report["passed"], report["failed"]) == (1, 0), heard.logged


def test_a_native_program_says_all_by_hand_too(tmp_path: Path) -> None:
    write_pack("acme", tmp_path / "new", runtime="native")
    given = b'{"parameters": {"name": "Ada"}}'
    ended = subprocess.run([tmp_path / "new/actions/hello"], input=given, capture_output=True, check=True)
    assert (ended.stdout, ended.stderr) == (b'greets Ada\n{"greeting": "Hello, Ada!"}', b"")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Failed, match="is there already"):
        write_pack("acme", tmp_path, runtime="shell")
    assert [path.name for path in tmp_path.iterdir() if path.name != "attune"] == ["mine"]


def test_a_name_that_no_pack_can_have_and_an_unknown_language_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no name for a pack"):
        write_pack("Acme!", tmp_path / "a", runtime="shell")
    with pytest.raises(UsageError, match="there are: java, native, node"):
        write_pack("acme", tmp_path / "a", runtime="cobol")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("ref", sorted(RESERVED))
def test_a_reserved_name_is_refused_before_anything_is_written(tmp_path: Path, ref: str) -> None:
    with pytest.raises(UsageError, match=f"The ref '{ref}' is reserved"):
        write_pack(ref, tmp_path / "new", runtime="shell")
    assert not (tmp_path / "new").exists()
