"""The contract of a Python action, through the wrapper, with real interpreters: started by itself, and warm."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.runtimes.actions import NOTHING, WRAPPERS, Action, Outcome, run_python
from tests.integration.runtimes.warm_starts import WarmStarts


@pytest.fixture(scope="module")
def warm_starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmStarts]:
    with WarmStarts.below(tmp_path_factory.mktemp("warm")) as starts:
        yield starts


@pytest.fixture(params=["cold", "warm"], autouse=True)
def start(request: pytest.FixtureRequest, warm_starts: WarmStarts, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test of this file runs both ways."""
    if request.param == "warm":
        monkeypatch.setitem(globals(), "run_python", warm_starts.run_python)
    return str(request.param)


def run(pack_dir: Path, source: str | bytes, *arguments: str, **fields: object) -> Outcome:
    return run_python(Action(pack_dir, source, **fields), *arguments, python=sys.executable)  # type: ignore[arg-type]  # fields of Action


def test_every_python_of_this_host_calls_run_and_returns_its_result(pack_dir: Path, any_python: str) -> None:
    source = (
        "def run(name, count=2):\n    print('working')\n"
        "    return {'greeting': name * count, 'secret': get_secret('key')}"
    )
    action = Action(pack_dir, source, parameters={"name": "ü"}, secrets={"key": "s"})
    outcome = run_python(action, python=any_python)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.result == {"greeting": "üü", "secret": "s"}
    assert outcome.stdout == "working\n"
    assert outcome.error is NOTHING


def test_every_python_of_this_host_awaits_an_async_run(pack_dir: Path, any_python: str) -> None:
    source = "import asyncio\nasync def run():\n    await asyncio.sleep(0)\n    return 7"
    assert run_python(Action(pack_dir, source), python=any_python).result == 7


def test_every_python_of_this_host_offers_the_document_again_on_stdin(pack_dir: Path, any_python: str) -> None:
    source = "import json, sys\nprint(json.load(sys.stdin)['parameters']['x'])"
    outcome = run_python(Action(pack_dir, source, parameters={"x": "y" * 200_000}), python=any_python)
    assert outcome.stdout == "y" * 200_000 + "\n"


def test_every_python_of_this_host_tells_an_exception(pack_dir: Path, any_python: str) -> None:
    source = "class Broken(Exception):\n    pass\n\ndef run():\n    raise Broken('no luck')"
    outcome = run_python(Action(pack_dir, source), python=any_python)
    assert outcome.exit_code == 1
    assert outcome.result is NOTHING
    assert (outcome.error["type"], outcome.error["message"]) == ("Broken", "no luck")
    assert outcome.error["traceback"] == outcome.stderr
    assert "line 5, in run" in outcome.stderr
    assert "wrappers/python.py" not in outcome.stderr


def test_a_result_of_none_is_null(pack_dir: Path) -> None:
    assert run(pack_dir, "def run(): pass").result is None


def test_a_file_without_run_is_a_script_and_has_no_result(pack_dir: Path) -> None:
    outcome = run(pack_dir, "import sys\nprint(__name__, __file__, sys.argv)")
    file = str(pack_dir / "actions/act.py")
    assert outcome.stdout == f"__main__ {file} {[file]}\n"
    assert outcome.result is NOTHING


@pytest.mark.parametrize("guard", ['if __name__ == "__main__":', "if '__main__' == __name__:"])
def test_a_guard_makes_a_script_of_a_file_with_run(pack_dir: Path, guard: str) -> None:
    outcome = run(pack_dir, f"def run():\n    return 1\n{guard}\n    print('script')")
    assert (outcome.stdout, outcome.result) == ("script\n", NOTHING)


def test_a_run_inside_something_else_does_not_count(pack_dir: Path) -> None:
    source = "class Tool:\n    def run(self):\n        return 1\nprint('script')"
    assert run(pack_dir, source).result is NOTHING


def test_a_named_function_is_called_even_in_a_file_with_a_guard(pack_dir: Path) -> None:
    source = "def resize(x):\n    return x + 1\nif __name__ == '__main__':\n    print('script')"
    outcome = run(pack_dir, source, "resize", parameters={"x": 1})
    assert (outcome.stdout, outcome.result) == ("", 2)


def test_an_empty_function_name_is_none(pack_dir: Path) -> None:
    assert run(pack_dir, "def run(): return 1", "").result == 1


def test_a_named_function_that_is_missing_is_told(pack_dir: Path) -> None:
    outcome = run(pack_dir, "def run(): pass", "resize")
    assert outcome.exit_code == 1
    assert "resize" in outcome.error["message"]


def test_keyword_arguments_take_whatever_comes(pack_dir: Path) -> None:
    assert run(pack_dir, "def run(**all): return all", parameters={"a": 1, "b": [2]}).result == {
        "a": 1,
        "b": [2],
    }


def test_a_parameter_that_run_does_not_take_is_named(pack_dir: Path) -> None:
    outcome = run(pack_dir, "def run(known): pass", parameters={"known": 1, "unknown": 2})
    assert outcome.error["type"] == "TypeError"
    assert "'unknown'" in outcome.error["message"]


def test_a_parameter_that_run_needs_and_did_not_get_is_named(pack_dir: Path) -> None:
    outcome = run(pack_dir, "def run(needed, default=1): pass")
    assert "'needed'" in outcome.error["message"]


def test_a_decorated_run_is_called_as_it_is(pack_dir: Path) -> None:
    source = (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n"
        "    def inner(*a, **k):\n        return f(*a, **k) * 2\n    return inner\n"
        "@twice\ndef run(x):\n    return x"
    )
    assert run(pack_dir, source, parameters={"x": 4}).result == 8


@pytest.mark.parametrize(
    "value", ["object()", "float('nan')", "float('inf')", "b'bytes'", "{(1, 2): 3}", "'\\ud800'", "loop"]
)
def test_a_result_that_is_no_json_fails_and_says_so(pack_dir: Path, value: str) -> None:
    outcome = run(pack_dir, f"loop = []\nloop.append(loop)\ndef run(): return {value}")
    assert outcome.exit_code == 1
    assert outcome.result is NOTHING
    assert "the returned value is not JSON" in outcome.error["message"]


def test_a_large_result_arrives_whole(pack_dir: Path) -> None:
    assert run(pack_dir, "def run(): return 'x' * 3_000_000").result == "x" * 3_000_000


@pytest.mark.parametrize(("code", "exit_code"), [("3", 3), ("0", 0), ("None", 0), ("'bye'", 1)])
def test_sys_exit_keeps_its_code(pack_dir: Path, code: str, exit_code: int) -> None:
    outcome = run(pack_dir, f"import sys\ndef run(): sys.exit({code})")
    assert (outcome.exit_code, outcome.error, outcome.result) == (exit_code, NOTHING, NOTHING)


def test_a_script_that_raises_tells_its_exception_too(pack_dir: Path) -> None:
    outcome = run(pack_dir, "1 / 0")
    assert (outcome.exit_code, outcome.error["type"]) == (1, "ZeroDivisionError")


def test_a_syntax_error_is_told_with_its_place(pack_dir: Path) -> None:
    outcome = run(pack_dir, "def run(:\n    pass")
    assert outcome.error["type"] == "SyntaxError"
    assert "act.py" in outcome.error["traceback"]


def test_an_error_that_no_encoding_can_hold_still_arrives(pack_dir: Path) -> None:
    assert run(pack_dir, "def run(): raise ValueError('\\ud800')").error["type"] == "ValueError"


def test_a_secret_that_is_not_set_is_none(pack_dir: Path) -> None:
    assert run(pack_dir, "def run(): return get_secret('none')").result is None


def test_the_context_is_at_hand(pack_dir: Path) -> None:
    context = {"execution_id": 7, "config": {"region": "eu"}}
    assert run(pack_dir, "def run(): return get_context()", context=context).result == context


def test_modules_beside_the_action_come_first_then_those_of_the_packs_lib(pack_dir: Path) -> None:
    for folder, names in (("actions", ("beside",)), ("lib", ("beside", "shared"))):
        (pack_dir / folder).mkdir(exist_ok=True)
        for name in names:
            (pack_dir / folder / f"{name}.py").write_text(f"where = {folder!r}")
    source = "import beside, shared\ndef run(): return [beside.where, shared.where]"
    assert run(pack_dir, source).result == ["actions", "lib"]


def test_the_wrappers_own_folder_is_not_searched(pack_dir: Path) -> None:
    outcome = run(pack_dir, "import sys\ndef run(): return sys.path")
    assert str(WRAPPERS) not in outcome.result
    at = outcome.result.index(str(pack_dir / "actions"))
    assert outcome.result[at + 1] == str(pack_dir / "lib")
    assert "lib-dynload" in outcome.result[at - 1]  # the standard library before them, installed packages behind them
    assert all("-packages" in folder for folder in outcome.result[at + 2 :])


def test_no_bytecode_is_written(pack_dir: Path) -> None:
    (pack_dir / "actions").mkdir()
    (pack_dir / "actions/beside.py").write_text("")
    assert run(pack_dir, "import beside\ndef run(): return 1").result == 1
    assert not list(pack_dir.rglob("*.pyc"))


def test_an_action_named_like_a_library_hides_it_from_nobody(pack_dir: Path) -> None:
    source = "import logging, json\ndef run(): return json.loads('[1]')"
    assert run(pack_dir, source, name="json.py").result == [1]


def test_nor_does_one_that_a_library_imports_only_later(pack_dir: Path) -> None:
    source = "import urllib.request\ndef run(): return urllib.request.Request('http://x').host"
    assert run(pack_dir, source, name="http.py").result == "x"


def test_classes_of_the_action_can_be_pickled_and_made_dataclasses(pack_dir: Path) -> None:
    source = (
        "from __future__ import annotations\nimport dataclasses, pickle\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int\n"
        "def run(): return pickle.loads(pickle.dumps(Point(3))).x"
    )
    assert run(pack_dir, source).result == 3


def test_processes_can_be_spawned_from_run(pack_dir: Path) -> None:
    source = (
        "import multiprocessing\ndef double(x):\n    return 2 * x\n"
        "def run():\n    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        return pool.map(double, [1, 2])"
    )
    assert run(pack_dir, source).result == [2, 4]


def test_output_comes_line_by_line_while_the_action_runs(pack_dir: Path, start: str) -> None:
    if start == "warm":
        pytest.skip("the runner's own test of this is in tests/integration/runner/test_warm.py")
    os.mkfifo(pack_dir / "go")
    action = Action(pack_dir, "def run():\n    print('first')\n    open('go').read()")
    action.write()
    argv = [sys.executable, str(WRAPPERS / "python.py"), str(action.file)]
    with subprocess.Popen(argv, cwd=pack_dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"first\n"
        (pack_dir / "go").write_text("")
        assert process.wait(timeout=60) == 0


def test_a_script_that_asks_for_yaml_finds_it_on_stdin(pack_dir: Path) -> None:
    outcome = run(pack_dir, "import sys\nprint(sys.stdin.read())", stdin=b"parameters:\n  x: 1\n")
    assert outcome.stdout == "parameters:\n  x: 1\n\n"


def test_a_function_that_got_no_json_says_so(pack_dir: Path) -> None:
    outcome = run(pack_dir, "def run(): pass", stdin=b"parameters:\n")
    assert "parameter_format: json" in outcome.error["message"]


def test_empty_input_is_an_empty_document(pack_dir: Path) -> None:
    assert run(pack_dir, "def run(): return get_context()", stdin=b"").result == {}


def test_the_input_has_no_name_in_any_folder(pack_dir: Path) -> None:
    source = "import os\ndef run(): return os.readlink('/proc/self/fd/0')"
    assert "memfd" in run(pack_dir, source).result


def test_a_source_in_another_encoding_is_read_as_it_says(pack_dir: Path) -> None:
    source = "# -*- coding: latin-1 -*-\ndef run(): return 'ü'".encode("latin-1")
    assert run(pack_dir, source).result == "ü"


def test_the_document_holds_everything_the_contract_names(pack_dir: Path) -> None:
    source = "import json, sys\nprint(sorted(json.load(sys.stdin)))"
    assert json.loads(run(pack_dir, source).stdout.replace("'", '"')) == ["context", "parameters", "secrets"]
