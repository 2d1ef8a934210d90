"""`attune execution`"""

import json
from pathlib import Path

import pytest

from tests.integration.cli.canned import Answer, Asked, Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import action, execution, failed, waiting
from tests.integration.cli.test_run import end, events, log

EXECUTIONS = "/api/v1/executions"
SEVENTEEN = f"{EXECUTIONS}/17"


@pytest.fixture(autouse=True)
def fixed_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.cli.output.cells._seconds_since", lambda moment, now: 90)


def test_a_list_is_a_table_of_what_matters(attune: Attune, canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page(waiting(19), failed(18), execution(17)))
    ended = attune("execution", "list")
    assert ended.code == 0
    assert ended.out == (
        "ID  ACTION          STATUS     AGE   TOOK  WHY\n"
        "19  examples.hello  delayed    90s         position 2 at examples.one_at_a_time, where 1 of 1 run\n"
        "18  examples.hello  failed     90s  0.02s  exit_code: no such host\n"
        "17  examples.hello  succeeded  90s  0.02s\n"
    )
    assert canned.asked[0].query["fields"] == ["id,action,status,created_at,duration_s,reason,error"]


def test_filters_travel_as_the_api_names_them(attune: Attune, canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page())
    words = ["--status", "failed,timeout", "-l", "team=a", "-l", "env=x:y", "--since", "2026-01-31T12:00:00+00:00"]
    ended = attune("execution", "list", *words, "--trace", "t1", "--gate", "4", "--limit", "3")
    query = canned.asked[0].query
    query.pop("fields")
    assert query == {
        "status": ["failed,timeout"],
        "label": ["team:a", "env:x:y"],
        "since": ["2026-01-31T12:00:00Z"],
        "trace_id": ["t1"],
        "gate": ["4"],
        "limit": ["4"],
    }
    assert ended.err == "There are no such executions.\n"


def test_people_hear_of_rows_that_are_not_shown(attune: Attune, canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page(execution(3), execution(2), following="c"))
    ended = attune("execution", "list", "--limit", "1")
    assert ended.out.count("examples.hello") == 1
    assert "the first 1; more with --limit N or --all" in ended.err


def test_all_pages_are_taken_and_json_is_the_array_of_the_results(attune: Attune, canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page(execution(3), execution(2), following="c"), page(execution(1)))
    ended = attune("execution", "list", "--all", "--json")
    assert json.loads(ended.out) == [execution(3), execution(2), execution(1)]
    assert [asked.query.get("cursor") for asked in canned.asked] == [None, ["c"]]
    assert "fields" not in canned.asked[0].query


def test_an_empty_list_is_an_empty_array(attune: Attune, canned: Canned) -> None:
    canned.on("GET", EXECUTIONS, page())
    assert attune("execution", "list", "--json").out == "[]\n"
    assert attune("execution", "list", "--yaml").out == "[]\n"


def test_one_is_a_page_about_it(attune: Attune, canned: Canned) -> None:
    canned.on("GET", SEVENTEEN, failed(labels={"team": "a"}))
    assert attune("execution", "show", "17").out == (
        "id            17\n"
        "action        examples.hello (pack version 1.0.0)\n"
        "status        failed\n"
        "exit code     3\n"
        "requested by  admin\n"
        "labels        team=a\n"
        "worker        vm-default-1\n"
        "queue         run.default.python\n"
        "requested     2026-11-21 14:25:10 UTC\n"
        "started       2026-11-21 14:25:11 UTC\n"
        "ended         2026-11-21 14:25:11 UTC\n"
        "took          0.02s (limit 5m00s)\n"
        "trace         d9f30f9f-1c69-4ae0-91bf-a2991046637e\n"
        "\n"
        "Parameters\n"
        "name  World\n"
        "\n"
        "Error\n"
        "type     exit_code\n"
        "message  no such host\n"
    )


def test_formats_are_what_the_api_says_whatever_their_place(attune: Attune, canned: Canned) -> None:
    canned.on("GET", SEVENTEEN, execution())
    assert json.loads(attune("--json", "execution", "show", "17").out) == execution()
    assert json.loads(attune("execution", "show", "17", "--json").out) == execution()
    assert attune("execution", "show", "17", "--yaml").out.startswith("id: 17\naction: examples.hello\n")


def test_the_result_alone_is_json(attune: Attune, canned: Canned) -> None:
    canned.on("GET", f"{SEVENTEEN}/result", ["ä", None])
    assert attune("execution", "result", "17").out == '[\n  "ä",\n  null\n]\n'


def test_a_log_passes_through_unchanged_where_nobody_looks(attune: Attune, canned: Canned) -> None:
    text = "one\x1b[2J\ntwo"
    canned.on("GET", f"{SEVENTEEN}/logs/stderr", Answer(text.encode(), content_type="text/plain; charset=utf-8"))
    assert attune("execution", "logs", "17", "--stream", "stderr", "--attempt", "2").out == text
    assert canned.asked[0].query == {"attempt": ["2"]}


def test_the_tail_of_a_log_is_its_last_lines(attune: Attune, canned: Canned) -> None:
    text = "one\ntwo\u2028still two\nthree\n"
    canned.on("GET", f"{SEVENTEEN}/logs", Answer(text.encode(), content_type="text/plain; charset=utf-8"))
    assert attune("execution", "logs", "17", "--tail", "2").out == "two\u2028still two\nthree\n"
    assert attune("execution", "logs", "17", "-n", "0").out == ""


def test_following_waits_for_the_start_and_marks_what_is_missing(attune: Attune, canned: Canned) -> None:
    canned.on("GET", SEVENTEEN, waiting(), execution(status="running"))
    gap = b'event: log\nid: 9-0\ndata: {"stream": "stdout", "offset": 7, "gap": 3, "text": "b\\n"}\n\n'
    canned.on("GET", f"{SEVENTEEN}/logs", events(log("a", "1-0"), gap, end("succeeded")))
    ended = attune("execution", "logs", "17", "-f")
    assert (ended.code, ended.out) == (0, "a\n[attune: 3 bytes truncated]\nb\n")
    assert "position 2" in ended.err


def test_a_stream_that_ends_without_its_end_is_asked_for_again(attune: Attune, canned: Canned) -> None:
    def rest(asked: Asked) -> Answer:
        assert asked.headers["Last-Event-ID"] == "1-0"
        return events(log("b\n", "3-0"), end("succeeded"))

    canned.on("GET", SEVENTEEN, execution(status="running"))
    canned.on("GET", f"{SEVENTEEN}/logs", events(log("a\n", "1-0")), problem(502, "x", "away"), rest)
    assert attune("execution", "logs", "17", "-f").out == "a\nb\n"


def test_watching_ends_as_the_run_does(attune: Attune, canned: Canned) -> None:
    canned.on("GET", SEVENTEEN, waiting(), failed())
    ended = attune("execution", "watch", "17")
    assert (ended.code, ended.out) == (1, "")
    assert "error: failed:" in ended.err


def test_several_are_canceled_as_far_as_they_can_be(attune: Attune, canned: Canned) -> None:
    canned.on("POST", f"{SEVENTEEN}/cancel", Answer(failed(status="canceled", reason={"text": "by admin"}), 202))
    canned.on("POST", f"{EXECUTIONS}/18/cancel", problem(409, "already_ended", "Execution 18 has ended: failed."))
    canned.on("POST", f"{EXECUTIONS}/19/cancel", Answer(waiting(19, status="canceled", reason=None), 202))
    ended = attune("execution", "cancel", "17", "18", "19")
    assert ended.code == 1
    assert ended.err == (
        "execution 17 canceled: by admin\n"
        "error: already_ended: Execution 18 has ended: failed.\n"
        "execution 19 canceled\n"
    )


def test_a_rerun_takes_new_values_by_the_actions_schema(attune: Attune, canned: Canned) -> None:
    canned.on("GET", SEVENTEEN, {"action": "examples.hello"})
    canned.on("GET", "/api/v1/actions/examples.hello", {"parameters": action()["parameters"]})
    canned.on("POST", f"{SEVENTEEN}/rerun", Answer(execution(18, result="again"), 201))
    ended = attune("execution", "rerun", "17", "times=2", "--wait")
    assert (ended.code, ended.out) == (0, "again\n")
    assert canned.bodies("POST", f"{SEVENTEEN}/rerun") == [{"parameters": {"times": 2}}]


def test_a_rerun_without_changes_asks_for_nothing_else(attune: Attune, canned: Canned) -> None:
    canned.on("POST", f"{SEVENTEEN}/rerun", Answer(waiting(18), 201))
    assert attune("execution", "rerun", "17").out == "18\n"
    assert len(canned.asked) == 1


def test_attempts_and_history_are_tables(attune: Attune, canned: Canned) -> None:
    attempt = {
        "attempt": 1,
        "status": "failed",
        "worker": "w1",
        "started_at": "2026-11-21T14:25:11Z",
        "ended_at": "2026-11-21T14:25:12Z",
        "reason": None,
        "exit_code": None,
        "signal": "SIGKILL",
        "error": {"type": "signal", "message": "killed"},
        "duration_s": 1.0,
        "logs": None,
        "start": "warm",
    }
    entry = {"status": "delayed", "attempt": 1, "at": "2026-11-21T14:25:11Z", "reason": {"text": "in line"}}
    canned.on("GET", f"{SEVENTEEN}/attempts", {"results": [attempt]})
    canned.on("GET", f"{SEVENTEEN}/history", {"results": [entry | {"worker": None}]})
    assert attune("execution", "attempts", "17").out == (
        "ATTEMPT  STATUS  WORKER  STARTED                   TOOK  START  EXIT  SIGNAL   WHY\n"
        "      1  failed  w1      2026-11-21 14:25:11 UTC  1.00s  warm         SIGKILL  signal: killed\n"
    )
    assert attune("execution", "history", "17").out == (
        "AT                           STATUS   ATTEMPT  WORKER  REASON\n"
        "2026-11-21 14:25:11.000 UTC  delayed        1          in line\n"
    )


def test_artifacts_have_a_whole_link(attune: Attune, canned: Canned) -> None:
    row = {"name": "a.txt", "attempt": 1, "size_bytes": 3, "link": f"{SEVENTEEN}/artifacts/1/a.txt"}
    canned.on("GET", f"{SEVENTEEN}/artifacts", {"results": [row], "next": None})
    assert f"{canned.url}{SEVENTEEN}/artifacts/1/a.txt" in attune("execution", "artifacts", "17").out


@pytest.mark.parametrize(
    "words",
    [
        ("show", "abc"),
        ("list", "--limit", "x"),
        ("logs", "1", "--stream", "both"),
        ("logs", "1", "--tail", "-3"),
        ("list", "--label", "team"),
        ("list", "--since", "yesterday"),
        ("rerun", "1", "--timeout", "3"),
        ("list", "--json", "--yaml"),
        ("list", "--frobnicate"),
        ("frobnicate",),
    ],
)
def test_what_cannot_be_meant_is_exit_code_2_and_asks_for_nothing(
    attune: Attune, canned: Canned, words: tuple[str, ...]
) -> None:
    ended = attune("execution", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err
    assert canned.asked == []


ARTIFACT = {"name": "out/report.csv", "attempt": 1, "size_bytes": 4, "link": f"{SEVENTEEN}/artifacts/1/out/report.csv"}


def test_an_artifact_is_downloaded_whole_or_not_at_all(
    attune: Attune, canned: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    canned.on("GET", f"{SEVENTEEN}/artifacts", page(ARTIFACT))
    canned.on("GET", f"{SEVENTEEN}/artifacts/1/out/report.csv", Answer(b"1;2\n", is_cut=True), Answer(b"1;2\n"))
    assert attune("execution", "download", "17", "out/report.csv").code == 3
    assert list(tmp_path.iterdir()) == []
    ended = attune("execution", "download", "17", "out/report.csv")
    assert (ended.code, ended.err) == (0, "report.csv (4 B)\n")
    assert (tmp_path / "report.csv").read_text() == "1;2\n"


def test_a_file_that_is_there_is_not_written_over_unasked(attune: Attune, canned: Canned, tmp_path: Path) -> None:
    canned.on("GET", f"{SEVENTEEN}/artifacts", page(ARTIFACT))
    canned.on("GET", f"{SEVENTEEN}/artifacts/1/out/report.csv", Answer(b"new"))
    target = tmp_path / "report.csv"
    target.write_text("old")
    refused = attune("execution", "download", "17", "out/report.csv", "-o", str(tmp_path))
    assert refused.code == 2
    assert "--force" in refused.err
    assert target.read_text() == "old"
    assert attune("execution", "download", "17", "out/report.csv", "-o", str(target), "--force").code == 0
    assert target.read_text() == "new"


def test_an_artifact_of_another_name_is_refused(attune: Attune, canned: Canned) -> None:
    canned.on("GET", f"{SEVENTEEN}/artifacts", page(ARTIFACT))
    ended = attune("execution", "download", "17", "report.csv")
    assert ended.code == 2
    assert "attune execution artifacts 17" in ended.err


def test_losses_and_interruptions_are_counted_apart_from_tries(attune: Attune, canned: Canned) -> None:
    cut_off = execution(attempt=5, retries=1, losses=2, max_attempts=3)
    canned.on("GET", "/api/v1/executions/17", cut_off)
    out = attune("execution", "show", "17").out
    assert "attempt       5, try 2 of 3\n" in out
    assert "cut off       lost with its worker or process twice, interrupted by a stopping worker once\n" in out
