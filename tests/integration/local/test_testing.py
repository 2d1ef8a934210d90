"""The tests of a folder run in the pack's environments."""

from pathlib import Path

import pytest

from apps.executions.pack_tests.plan import NoTests
from apps.local.testing import test as run_tests
from tests.factories import write_pack
from tests.integration.local.conftest import Heard

GOOD = """
import unittest
from greet import run
class T(unittest.TestCase):
    def test_a(self):
        self.assertEqual(run(), 1)
"""
ACTION = {
    "actions/greet.yaml": "name: greet\nentry_point: greet.py\n",
    "actions/greet.py": "def run():\n    return 1\n",
}


def test_each_language_is_tested_by_its_own_means(tmp_path: Path, heard: Heard) -> None:
    files = {
        **ACTION,
        "tests/test_greet.py": GOOD,
        "tests/test_broken.py": GOOD.replace(", 1)", ", 2)"),
        "tests/fine.sh": 'echo "ok 1 - a"; echo "ok 2 - b # SKIP not here"\n',
        "tests/data.json": "{}",
        "tests/_shared.sh": "exit 1\n",
    }
    report = run_tests({"folder": str(write_pack(tmp_path / "acme", files=files))}, heard)
    assert (report["ref"], report["passed"], report["failed"], report["skipped"]) == ("acme", 2, 1, 1)
    assert [(row["name"], row["passed"], row["error"]) for row in report["programs"]] == [
        ("tests/fine.sh", 1, ""),
        ("tests/ (Python)", 1, "exit code 1"),
    ]
    assert "AssertionError: 1 != 2" in heard.logged


def test_commands_of_the_manifest_take_the_place_of_what_is_found(tmp_path: Path, heard: Heard) -> None:
    more = "tests: ['python -c \"import greet\"', './check.sh {x}', no-such-program]\n"
    files = {**ACTION, "lib/greet.py": "", "check.sh": '#!/bin/sh\ntest "$1" = "{x}"\n', "tests/fine.sh": "exit 1\n"}
    pack = write_pack(tmp_path / "acme", files=files, more=more)
    (pack / "check.sh").chmod(0o755)
    report = run_tests({"folder": str(pack)}, heard)
    assert (report["passed"], report["failed"]) == (2, 1)
    assert report["programs"][2]["error"].startswith("there is no program no-such-program")


def test_a_pack_without_tests_is_told_how_to_have_some(tmp_path: Path, heard: Heard) -> None:
    with pytest.raises(NoTests, match="tests: "):
        run_tests({"folder": str(write_pack(tmp_path / "acme"))}, heard)
