"""`attune action`"""

import json

from tests.integration.cli.canned import Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import action

ACTION = "/api/v1/actions/examples.hello"


def test_one_is_shown_with_its_parameters_and_a_line_to_start_from(attune: Attune, canned: Canned) -> None:
    canned.on("GET", ACTION, action(enabled=False, enabled_override=False, timeout_s=90))
    assert attune("action", "show", "examples.hello").out == (
        "action       examples.hello\n"
        "description  Greets somebody.\n"
        "pack         examples 1.0.0\n"
        "runtime      python >=3.9,<3.12\n"
        "entry point  hello.py\n"
        "enabled      no\n"
        "             an operator's word over the pack's file; attune action reset\n"
        "timeout      1m30s\n"
        "when lost    goes back to its place in line (on_lost: requeue)\n"
        "concurrency  1 at a time for each {{ name }}, when full: queue\n"
        "pool         default\n"
        "\n"
        "Parameters\n"
        "NAME   TYPE               DEFAULT  DESCRIPTION\n"
        'name   string             "world"  Whom to greet.\n'
        "times  integer  required\n"
        "token  string   secret             For the [door].\n"
        "\n"
        "Example\n"
        "  attune run examples.hello times=VALUE --wait\n"
    )


def test_examples_are_quoted_for_a_shell_and_show_no_secrets(attune: Attune, canned: Canned) -> None:
    parameters = {
        "cmd": {"type": "string", "required": True, "examples": ["echo $HOME"]},
        "hosts": {"type": "array", "items": {"type": "string"}, "required": True, "default": ["a b"]},
        "mode": {"enum": ["fast", "safe"], "required": True},
        "token": {"type": "string", "secret": True, "required": True, "default": "hunter2"},
    }
    canned.on("GET", ACTION, action(parameters=parameters))
    out = attune("action", "show", "examples.hello").out
    example = "attune run examples.hello 'cmd=echo $HOME' 'hosts:=[\"a b\"]' mode=fast token=@FILE --wait"
    assert out.endswith(f"  {example}\n")
    assert "array of string" in out
    assert "fast | safe" in out


def test_json_is_exactly_what_the_api_says(attune: Attune, canned: Canned) -> None:
    canned.on("GET", ACTION, action())
    assert json.loads(attune("action", "show", "examples.hello", "--json").out) == action()


def test_a_list_can_be_narrowed(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/api/v1/actions", page(action()))
    ended = attune("action", "list", "--pack", "examples", "-q", "hel")
    assert ended.out == (
        "ACTION          RUNTIME  ENABLED  DESCRIPTION\nexamples.hello  python   yes      Greets somebody.\n"
    )
    assert canned.asked[0].query["q"] == ["hel"]
    assert canned.asked[0].query["pack"] == ["examples"]


def test_the_word_of_the_file_is_given_back_with_null(attune: Attune, canned: Canned) -> None:
    canned.on("PATCH", ACTION, action())
    for verb in ("enable", "disable", "reset"):
        assert attune("action", verb, "examples.hello").code == 0
    assert canned.bodies("PATCH", ACTION) == [{"enabled": True}, {"enabled": False}, {"enabled": None}]


def test_a_misspelt_one_suggests_near_names(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/api/v1/actions/hello", problem(404, "unknown_action", "There is no action hello."))
    canned.on("GET", "/api/v1/actions", page({"ref": "core.echo"}, {"ref": "examples.hello"}))
    ended = attune("action", "show", "hello")
    assert ended.code == 2
    assert "did you mean examples.hello?" in ended.err


def test_stats_are_told_with_their_gates(attune: Attune, canned: Canned) -> None:
    counts = {"waiting": 2, "running": 1, "limit": 1, "oldest_waiting_s": 12.5, "avg_wait_s": None}
    totals = {"total_enqueued": 9, "total_completed": 6}
    gate = {"gate": 4, "policy": "examples.hello", "key": "World", **counts, **totals}
    canned.on("GET", f"{ACTION}/queue-stats", {"action": "examples.hello", **counts, **totals, "gates": [gate]})
    out = attune("action", "stats", "examples.hello").out
    assert "oldest waits  12.5s\n" in out
    assert "   4  examples.hello  World      1        1        2   12.5s\n" in out
