"""What becomes of actions that behave badly, seen from outside."""

import base64
import subprocess
from pathlib import Path

from tests.acceptance.attune import TERMINAL, Attune
from tests.waiting import wait_for


def living(marker: str) -> int:
    return int(subprocess.run(["pgrep", "-fc", f"^{marker}"], capture_output=True, text=True, check=False).stdout)


def test_a_python_action_returns_what_its_function_returns(attune: Attune) -> None:
    ended = attune.run("examples.hello", {"name": "Wörld"})
    assert (ended["status"], ended["result"], ended["exit_code"]) == ("succeeded", {"greeting": "Hello, Wörld!"}, 0)


def test_an_error_tells_type_message_and_traceback(attune: Attune) -> None:
    ended = attune.run("hard.canary", {"token": "swordfish-of-the-deep", "fail": True})
    assert (ended["status"], ended["error"]["type"]) == ("failed", "RuntimeError")
    assert ended["error"]["message"] == "in an exception: ***"
    assert 'raise RuntimeError("in an exception: " + token)' in ended["error"]["traceback"]


def test_a_program_that_fails_is_told_by_its_exit_code_and_its_last_words(attune: Attune) -> None:
    ended = attune.run("core.fail", {"message": "no space in the shed", "exit_code": 7})
    assert (ended["status"], ended["exit_code"], ended["error"]["type"]) == ("failed", 7, "exit_code")
    assert "no space in the shed" in ended["error"]["message"]


def test_a_timeout_ends_it_and_everything_it_started(attune: Attune) -> None:
    ended = attune.run("hard.slow")
    assert (ended["status"], ended["error"]["type"]) == ("timeout", "timeout")


def test_a_cancel_ends_even_what_ignores_it(attune: Attune) -> None:
    marker = f"stubborn-{attune.port}"
    requested = attune.request("hard.stubborn", {"marker": marker})
    attune.running(requested["id"])
    wait_for(lambda: living(marker) == 2, what="both stubborn processes")
    assert attune.client.post(f"/executions/{requested['id']}/cancel").status_code == 202
    assert attune.execution(requested["id"])["status"] in ("canceling", "canceled")
    ended = attune.ended(requested["id"])
    assert (ended["status"], ended["reason"]["code"]) == ("canceled", "canceled")
    assert living(marker) == 0


def test_a_flaky_action_is_tried_again_and_each_attempt_keeps_its_log(attune: Attune) -> None:
    ended = attune.run("hard.flaky")
    assert (ended["status"], ended["attempt"]) == ("succeeded", 3)
    attempts = attune.client.get(f"/executions/{ended['id']}/attempts").json()["results"]
    assert [(item["attempt"], item["status"]) for item in attempts] == [(1, "failed"), (2, "failed"), (3, "succeeded")]
    for attempt in (1, 2, 3):
        path = f"/executions/{ended['id']}/logs/stdout?attempt={attempt}"
        assert attune.client.get(path).text == f"attempt {attempt}\n"


def test_a_program_that_is_not_there_fails_once_whatever_the_retry_policy_says(attune: Attune) -> None:
    (entry_point,) = (attune.var_dir / "packs" / "hard").glob("*/actions/vanishing.sh")
    gone = entry_point.with_suffix(".gone")
    entry_point.parent.chmod(0o700)
    entry_point.rename(gone)
    try:
        ended = attune.run("hard.vanishing")
    finally:
        gone.rename(entry_point)
        entry_point.parent.chmod(0o500)
    assert (ended["status"], ended["attempt"], ended["error"]["errno"]) == ("failed", 1, "ENOENT")
    assert "vanishing.sh" in ended["error"]["message"]


def test_of_much_output_head_and_tail_are_kept_and_the_gap_is_told(attune: Attune) -> None:
    ended = attune.run("hard.loud", {"mebibytes": 30})
    assert ended["status"] == "succeeded"
    text = attune.log(ended["id"])
    assert text.startswith("first line\n")
    assert text.endswith("last line\n")
    assert len(text) < 12 * 1024 * 1024
    (marker,) = [line for line in text.splitlines() if line.startswith("[attune: ")]
    truncated = int(marker.removeprefix("[attune: ").split()[0])
    (attempt,) = attune.client.get(f"/executions/{ended['id']}/attempts").json()["results"]
    assert attempt["logs"]["stdout"]["truncated_bytes"] == truncated
    tail = attune.client.get(f"/executions/{ended['id']}/logs/stdout?tail=100").text
    assert tail.endswith("last line\n")


def test_a_large_result_becomes_an_artifact_beside_those_the_action_left(attune: Attune) -> None:
    ended = attune.run("hard.large")
    assert ended["status"] == "succeeded"
    assert ended["result"]["size_bytes"] > 2_000_000
    artifacts = attune.client.get(f"/executions/{ended['id']}/artifacts").json()["results"]
    names = {item["name"] for item in artifacts}
    assert "report.txt" in names
    assert ended["result"]["artifact"] in names
    report = attune.client.get(f"/executions/{ended['id']}/artifacts/1/report.txt")
    assert report.text == "a report"
    assert "attachment" in report.headers["content-disposition"]
    assert attune.client.get(f"/executions/{ended['id']}/result").json()["text"] == "x" * 2_000_000


def test_a_log_can_be_followed_while_it_grows(attune: Attune, tmp_path: Path) -> None:
    go = tmp_path / "go"
    command = f"echo the first; until [ -e {go} ]; do sleep 0.02; done; echo the last"
    requested = attune.request("core.local", {"cmd": command})
    events, text = [], ""
    with attune.client.stream("GET", f"/executions/{requested['id']}/logs?follow=true") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        status_at_first_line = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                events.append(line.removeprefix("event: "))
            if line.startswith("data: ") and "the first" in line:
                status_at_first_line = attune.execution(requested["id"])["status"]
                go.touch()
            text += line + "\n"
            if events and events[-1] == "end" and line.startswith("data: "):
                break
    assert status_at_first_line == "running"
    assert "the last" in text
    assert events[-1] == "end"


def test_an_action_can_be_asked_for_with_curl(attune: Attune) -> None:
    done = subprocess.run(
        [
            "curl", "-sS", "--fail-with-body", "-X", "POST", f"{attune.profile['url']}/api/v1/executions",
            "-H", f"Authorization: Bearer {attune.profile['token']}", "-H", "Content-Type: application/json",
            "-d", '{"action": "examples.hello", "parameters": {"name": "World"}, "wait_s": 20}',
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"greeting":"Hello, World!"' in done.stdout.replace(" ", "").replace("Hello,World", "Hello, World")


def test_an_action_can_send_a_request_to_attune_itself(attune: Attune) -> None:
    ended = attune.run("core.http", {"url": f"http://127.0.0.1:{attune.port}/healthz"})
    assert (ended["status"], ended["result"]["status"]) == ("succeeded", 200), ended["error"]


def test_a_secret_read_back_from_base64_is_masked_too(attune: Attune) -> None:
    secret = "swordfish-of-the-deep"
    ended = attune.run("hard.canary", {"token": secret})
    assert ended["status"] in TERMINAL
    text = attune.log(ended["id"]) + attune.log(ended["id"], "stderr")
    assert text.count("***") == 3
    assert secret not in text
    assert ended["result"] == {"plain": "***", "inside": "x***y", "***": "as a key"}
    assert base64.b64encode(secret.encode()).decode() not in text
