"""`attune run`"""

import json

from tests.integration.cli.canned import Answer, Asked, Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import action, execution, failed, waiting

ACTION, EXECUTIONS = "/api/v1/actions/examples.hello", "/api/v1/executions"
SEVENTEEN = f"{EXECUTIONS}/17"


def declare(canned: Canned) -> None:
    canned.on("GET", ACTION, {"parameters": action()["parameters"]})


def test_the_id_goes_to_stdout_and_the_rest_to_stderr(attune: Attune, canned: Canned) -> None:
    declare(canned)
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    ended = attune("run", "examples.hello", "World", "times=3", "--label", "team=a=b")
    assert (ended.code, ended.out) == (0, "17\n")
    assert "attune execution watch 17" in ended.err
    assert canned.bodies("POST", EXECUTIONS) == [
        {"action": "examples.hello", "labels": {"team": "a=b"}, "parameters": {"name": "World", "times": 3}}
    ]


def test_the_token_travels_in_a_header_and_the_idempotency_key_too(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    attune("run", "examples.hello", "--idempotency-key", "k1")
    (asked,) = canned.asked
    assert asked.headers["Authorization"] == "Bearer a-token"
    assert asked.headers["Idempotency-Key"] == "k1"


def test_a_short_run_is_one_request_and_its_result_is_on_stdout(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(execution(), 201))
    ended = attune("run", "examples.hello", "--wait")
    assert (ended.code, ended.out, ended.err) == (0, '{\n  "greeting": "Hello, World!"\n}\n', "")
    assert len(canned.asked) == 1


def test_a_longer_run_is_looked_at_until_it_ends(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    canned.on("GET", SEVENTEEN, waiting(), waiting(status="running", reason=None), execution(result="done"))
    ended = attune("run", "examples.hello", "--wait")
    assert (ended.code, ended.out) == (0, "done\n")
    assert ended.err == (
        "execution 17 delayed: position 2 at examples.one_at_a_time, where 1 of 1 run, about 4.00s\n"
        "execution 17 running\n"
    )


def test_waiting_survives_an_attune_that_is_away_for_a_while(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    canned.on("GET", SEVENTEEN, problem(503, "database_away", "The database cannot be reached."), execution())
    ended = attune("run", "examples.hello", "--wait")
    assert ended.code == 0
    assert "Attune does not answer; asking again" in ended.err


def test_a_run_that_fails_is_told_on_stderr_with_exit_code_1(attune: Attune, canned: Canned) -> None:
    error = {"type": "ValueError", "message": "bad\x1b[2J", "traceback": "Traceback …\nValueError: bad"}
    canned.on("POST", EXECUTIONS, Answer(failed(error=error), 201))
    ended = attune("run", "examples.hello", "--wait")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: failed: Execution 17 of examples.hello failed.\n"
        "  ValueError: bad\\x1b[2J\n"
        "  Traceback …\n"
        "  ValueError: bad\n"
        "  its log:      attune execution logs 17\n"
        "  once more:    attune execution rerun 17\n"
    )


def test_every_end_but_success_is_exit_code_1(attune: Attune, canned: Canned) -> None:
    for status in ("failed", "timeout", "canceled", "abandoned"):
        canned.on("POST", EXECUTIONS, Answer(failed(status=status), 201))
        ended = attune("run", "examples.hello", "--wait")
        assert ended.code == 1
        assert ended.err.startswith(f"error: {status}: ")


def test_an_exit_code_of_the_action_is_told(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(failed(), 201))
    assert "  exit code 3: no such host\n" in attune("run", "examples.hello", "--wait").err


def test_json_is_the_whole_execution(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(failed(), 201))
    ended = attune("run", "examples.hello", "--wait", "--json")
    assert ended.code == 1
    assert json.loads(ended.out) == failed()


def test_the_end_of_patience_leaves_the_execution_alone(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    canned.on("GET", SEVENTEEN, waiting())
    ended = attune("run", "examples.hello", "--wait", "--timeout", "0.2")
    assert ended.code == 1
    assert "error: wait_timeout: Execution 17 has not ended within 0.20s; it goes on." in ended.err
    assert "attune execution cancel 17" in ended.err
    assert not [asked for asked in canned.asked if asked.path.endswith("/cancel")]


def test_following_alone_writes_the_log_to_stdout(attune: Attune, canned: Canned) -> None:
    following(canned)
    ended = attune("run", "examples.hello", "--follow")
    assert (ended.code, ended.out) == (0, "one\ntwo\n")


def test_following_and_waiting_writes_the_log_to_stderr(attune: Attune, canned: Canned) -> None:
    following(canned)
    ended = attune("run", "examples.hello", "-fw")
    assert (ended.code, ended.out) == (0, '{\n  "greeting": "Hello, World!"\n}\n')
    assert "one\ntwo\n" in ended.err


def test_a_retry_is_followed_too(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, Answer(execution(status="running", max_attempts=2), 201))
    canned.on("GET", SEVENTEEN, waiting(attempt=2, max_attempts=2), execution(attempt=2, max_attempts=2))
    canned.on("GET", f"{SEVENTEEN}/logs", events(log("first\n", "6-0"), end("requested")), _second_attempt)
    ended = attune("run", "examples.hello", "--follow")
    assert (ended.code, ended.out) == (0, "first\nsecond\n")


def test_an_unknown_action_suggests_near_names(attune: Attune, canned: Canned) -> None:
    canned.on("POST", EXECUTIONS, problem(404, "unknown_action", "There is no action examples.helo."))
    canned.on("GET", "/api/v1/actions", page({"ref": "core.echo"}, {"ref": "examples.hello"}))
    ended = attune("run", "examples.helo")
    assert ended.code == 2
    assert ended.err == (
        "error: unknown_action: There is no action examples.helo.\n"
        "  did you mean examples.hello?\n"
        "  all actions: attune action list\n"
    )


def test_parameter_errors_are_told_one_a_line(attune: Attune, canned: Canned) -> None:
    declare(canned)
    errors = [
        {"pointer": "/parameters/times", "code": "required", "detail": "times is required"},
        {"pointer": "/parameters/nme", "code": "unknown", "detail": "nme is not a known name here"},
    ]
    canned.on("POST", EXECUTIONS, problem(400, "invalid_parameters", "They do not fit.", errors=errors))
    ended = attune("run", "examples.hello", "nme=x")
    assert ended.code == 2
    assert ended.err == (
        "error: invalid_parameters: They do not fit.\n"
        "  parameters.times: times is required\n"
        "  parameters.nme: nme is not a known name here\n"
        "  nme: did you mean name?\n"
        "  what the action takes: attune action show examples.hello\n"
    )


def test_a_value_that_cannot_be_cast_asks_for_nothing(attune: Attune, canned: Canned) -> None:
    declare(canned)
    ended = attune("run", "examples.hello", "times=many")
    assert ended.code == 2
    assert "parameters.times: expected a whole number" in ended.err
    assert not canned.bodies("POST", EXECUTIONS)


def test_a_secret_from_stdin_is_sent_and_never_shown(attune: Attune, canned: Canned) -> None:
    declare(canned)
    canned.on("POST", EXECUTIONS, Answer(execution(parameters={"token": "***"}), 201))
    ended = attune("run", "examples.hello", "times=1", "token=@-", "--wait", stdin="hunter2")
    assert canned.bodies("POST", EXECUTIONS)[0]["parameters"]["token"] == "hunter2"
    assert "hunter2" not in ended.out + ended.err


def test_a_timeout_without_waiting_is_a_mistake(attune: Attune, canned: Canned) -> None:
    ended = attune("run", "examples.hello", "--timeout", "5")
    assert ended.code == 2
    assert canned.asked == []


def following(canned: Canned) -> None:
    """An execution that waits, runs and writes two lines, over a connection that breaks between them."""
    canned.on("POST", EXECUTIONS, Answer(waiting(), 201))
    canned.on("GET", SEVENTEEN, waiting(status="running", reason=None), execution())
    canned.on("GET", f"{SEVENTEEN}/logs", events(log("one\n", "4-0"), is_cut=True), _rest)


def _rest(asked: Asked) -> Answer:
    assert asked.headers["Last-Event-ID"] == "4-0"
    return events(log("two\n", "8-0"), end("succeeded"))


def _second_attempt(asked: Asked) -> Answer:
    assert asked.query["attempt"] == ["2"]
    return events(log("second\n", "7-0"), end("succeeded"))


def log(text: str, event_id: str) -> bytes:
    body = json.dumps({"stream": "stdout", "offset": 0, "gap": 0, "text": text})
    return f"event: log\nid: {event_id}\ndata: {body}\n\n".encode()


def end(status: str) -> bytes:
    return b'event: end\nid: 0-0\ndata: {"status": "%s"}\n\n' % status.encode()


def events(*parts: bytes, is_cut: bool = False) -> Answer:
    return Answer(b"".join(parts), content_type="text/event-stream", is_cut=is_cut)
