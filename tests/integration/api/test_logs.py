import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from apps.accounts.services.tokens import issue_token
from apps.executions.files import attempt_folder
from apps.executions.models import Execution
from apps.executions.states import Status
from apps.runner.logfile import LogWriter
from apps.runner.loglayout import Stream
from apps.runner.spec import LogLimits
from tests.asgi import ask
from tests.factories import make_execution, make_worker
from tests.people import People
from tests.running import claimed, end
from tests.streams import listening


@pytest.fixture(autouse=True)
def own_folder(settings: object, tmp_path: Path) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"  # type: ignore[attr-defined]  # pytest-django's settings


@pytest.fixture
def execution(people: People) -> Execution:
    return make_execution(requested_by_id=people.owner.pk)


@pytest.fixture
def log(execution: Execution) -> Iterator[LogWriter]:
    writer = LogWriter(attempt_folder(execution.pk, 1), limits=LogLimits())
    yield writer
    writer.close()


def url(execution: Execution, stream: str = "") -> str:
    return f"/api/v1/executions/{execution.pk}/logs" + (f"/{stream}" if stream else "")


def finish(execution: Execution) -> None:
    Execution.objects.filter(pk=execution.pk).update(status=Status.SUCCEEDED)


def test_a_log_that_nobody_has_written_yet_is_empty(owner: APIClient, execution: Execution) -> None:
    for stream in ("", "stdout", "stderr"):
        answer = owner.get(url(execution, stream))
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_streams_alone_and_together(owner: APIClient, execution: Execution, log: LogWriter) -> None:
    log.write(Stream.STDOUT, b"one\n")
    log.write(Stream.STDERR, b"two\n")
    log.write(Stream.STDOUT, b"three\n")
    log.close()
    assert owner.get(url(execution, "stdout")).content == b"one\nthree\n"
    assert owner.get(url(execution, "stderr")).content == b"two\n"
    assert owner.get(url(execution)).content == b"one\ntwo\nthree\n"
    assert owner.get(url(execution, "stdin")).json()["code"] == "unknown_stream"


def test_pieces_by_offset_and_from_the_end_say_where_they_stand(
    owner: APIClient, execution: Execution, log: LogWriter
) -> None:
    log.write(Stream.STDOUT, b"0123456789")

    def piece(**query: int) -> tuple[bytes, list[str]]:
        answer = owner.get(url(execution, "stdout"), query)
        assert answer.status_code == 200
        return answer.content, [answer[f"Attune-Log-{name}"] for name in ("Offset", "Gap", "Next", "Complete")]

    assert piece(offset=4) == (b"456789", ["4", "0", "10", "false"])
    assert piece(tail=3) == (b"789", ["7", "0", "10", "false"])
    assert piece(offset=10) == (b"", ["10", "0", "10", "false"])
    log.close()
    assert piece(offset=4) == (b"456789", ["4", "0", "10", "true"])
    assert piece(offset=999_999_999_999_999_999) == (
        b"", ["999999999999999999", "0", "999999999999999999", "true"]
    )  # fmt: skip


def test_what_is_missing_is_marked_in_the_text_and_counted_in_the_headers(
    owner: APIClient, execution: Execution
) -> None:
    limits = LogLimits(head_bytes=1024, tail_bytes=1024, part_bytes=1024, total_bytes=8192)
    writer = LogWriter(attempt_folder(execution.pk, 1), limits=limits)
    for number in range(2_000):
        writer.write(Stream.STDOUT, b"%07d\n" % number)
    writer.close()
    whole = owner.get(url(execution, "stdout")).content
    before, marker, after = whole.partition(b"[attune: ")
    missing = int(after.split()[0])
    assert marker
    assert before.startswith(b"0000000\n")
    assert whole.endswith(b"0001999\n")
    answer = owner.get(url(execution, "stdout"), {"offset": len(before)})
    assert answer["Attune-Log-Gap"] == str(missing)
    assert int(answer["Attune-Log-Offset"]) == len(before) + missing


def test_a_query_that_means_nothing_is_400(owner: APIClient, execution: Execution) -> None:
    for query in (
        "offset=-1", "offset=x", "offset=1.5", "offset=\uff11",
        "offset=" + "9" * 30, "tail=0", "tail=99999999999", "tail=",
        "offset=1&tail=1", "attempt=0", "attempt=2", "attempt=x", "follow=yes", "follow=1", "colour=red",
        "tail=1&tail=2",
    ):  # fmt: skip
        answer = owner.get(f"{url(execution, 'stdout')}?{query}")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), query
        assert answer.json()["errors"][0]["pointer"] == "/" + query.rpartition("&")[2].partition("=")[0]


def test_each_attempt_has_its_own_log(owner: APIClient, execution: Execution) -> None:
    Execution.objects.filter(pk=execution.pk).update(attempt=2)
    for attempt in (1, 2):
        writer = LogWriter(attempt_folder(execution.pk, attempt), limits=LogLimits())
        writer.write(Stream.STDOUT, b"attempt %d\n" % attempt)
        writer.close()
    assert owner.get(url(execution)).content == b"attempt 2\n"
    assert owner.get(url(execution), {"attempt": 1}).content == b"attempt 1\n"


def test_bytes_that_are_no_text_do_not_break_the_answer(owner: APIClient, execution: Execution, log: LogWriter) -> None:
    log.write(Stream.STDOUT, b"caf\xe9 \x00 \xff\n")
    assert owner.get(url(execution, "stdout")).content.decode() == "caf\ufffd \x00 \ufffd\n"
    assert owner.get(url(execution, "stdout"), {"tail": 3}).content.decode() == " \ufffd\n"


def test_a_log_is_text_whatever_the_client_would_have_liked(owner: APIClient, execution: Execution) -> None:
    for accept in ("text/plain", "text/event-stream", "application/json", "*/*", "image/png", ""):
        assert owner.get(url(execution), HTTP_ACCEPT=accept).status_code == 200, accept


def test_following_tells_everything_once_and_then_the_end(people: People, execution: Execution, log: LogWriter) -> None:
    log.write(Stream.STDOUT, "grü".encode()[:-1])
    log.write(Stream.STDERR, b"careful\n")
    log.close()
    finish(execution)
    headers = {"accept": "text/event-stream"}
    answer = ask("GET", url(execution), by=people.owner, query=b"follow=true", headers=headers)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    events = answer.events()
    texts = {stream: "".join(data["text"] for name, _, data in events if name == "log" and data["stream"] == stream)
             for stream in ("stdout", "stderr")}  # fmt: skip
    assert texts == {"stdout": "gr\ufffd", "stderr": "careful\n"}
    assert events[-1] == ("end", "3-8", {"status": "succeeded"})


def test_following_goes_on_where_the_last_event_ended(people: People, execution: Execution, log: LogWriter) -> None:
    log.write(Stream.STDOUT, b"0123456789")
    log.close()
    finish(execution)
    for query, headers, told in (
        (b"follow=true", {"last-event-id": "4"}, "456789"),
        (b"follow=true&offset=7", {}, "789"),
        (b"follow=true", {"last-event-id": "10"}, ""),
        (b"follow=true", {"last-event-id": "999999999999999999"}, ""),
    ):
        events = ask("GET", url(execution, "stdout"), by=people.owner, query=query, headers=headers).events()
        assert "".join(data["text"] for name, _, data in events if name == "log") == told
        assert events[-1][0] == "end"


def test_a_last_event_id_that_is_none_is_400(people: People, execution: Execution) -> None:
    for last in ("x", "-1", "1-2-3", "\xb9", "9" * 30, "1-", "1.5"):
        headers = {"last-event-id": last}
        answer = ask("GET", url(execution, "stdout"), by=people.owner, query=b"follow=true", headers=headers)
        assert (answer.status, answer.json()["errors"][0]["pointer"]) == (400, "/headers/Last-Event-ID"), last


def test_a_log_is_followed_while_it_grows(people: People, execution: Execution, log: LogWriter) -> None:
    held = claimed(execution, make_worker())
    log.write(Stream.STDOUT, b"first\n")
    answers: list[str] = []
    headers = {"authorization": f"Bearer {issue_token(people.owner, name='reader').text}"}

    def read() -> None:
        events = ask("GET", url(execution, "stdout"), query=b"follow=true", headers=headers).events()
        answers.extend(data.get("text", name) for name, _, data in events)

    reader = threading.Thread(target=read)
    reader.start()
    log.write(Stream.STDOUT, b"second\n")
    log.close()
    end(held)
    reader.join(timeout=60)
    assert "".join(answers) == "first\nsecond\nend"


def test_who_may_not_see_the_execution_may_not_follow_it(people: People, execution: Execution) -> None:
    assert ask("GET", url(execution), by=people.teammate, query=b"follow=true").status == 404
    assert ask("GET", url(execution), query=b"follow=true").status == 401


def test_head_does_not_wait_for_a_log_that_is_followed(execution: Execution, people: People) -> None:
    answer = ask("HEAD", url(execution), by=people.owner, query=b"follow=true")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/event-stream", b"")


def write_both(log: LogWriter) -> None:
    for number in range(6):
        log.write((Stream.STDOUT, Stream.STDERR)[number % 2], b"line %d\n" % number)


def test_both_streams_come_in_the_order_in_which_they_were_written_with_their_times(
    people: People, execution: Execution
) -> None:
    moments = iter(range(1_700_000_000, 1_700_000_100))
    log = LogWriter(attempt_folder(execution.pk, 1), limits=LogLimits(), clock=lambda: float(next(moments)))
    write_both(log)
    log.close()
    finish(execution)
    events = ask("GET", url(execution), by=people.owner, query=b"follow=true").events()
    logs = [data for name, _, data in events if name == "log"]
    assert [(data["stream"], data["text"]) for data in logs] == [
        (("stdout", "stderr")[number % 2], f"line {number}\n") for number in range(6)
    ]
    assert [data["at"] for data in logs[:2]] == ["2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z"]
    for count, (_, event_id, _) in enumerate(events[:-1], start=1):
        again = ask("GET", url(execution), by=people.owner, query=b"follow=true", headers={"last-event-id": event_id})
        assert [data.get("text") for _, _, data in again.events()[:-1]] == [data["text"] for data in logs[count:]]


def test_a_hundred_thousand_lines_come_in_events_of_at_most_64_kib(people: People, execution: Execution) -> None:
    log = LogWriter(attempt_folder(execution.pk, 1), limits=LogLimits())
    lines = [
        b"%07d " % number + b"\x1b[31mred\x1b[0m \x01\x02\xff and so on and so forth\n" for number in range(100_000)
    ]
    for first in range(0, len(lines), 100):
        log.write(Stream.STDERR if first % 500 == 0 else Stream.STDOUT, b"".join(lines[first : first + 100]))
    log.close()
    finish(execution)
    answer = ask("GET", url(execution), by=people.owner, query=b"follow=true")
    assert max(map(len, answer.body.split(b"\n\n"))) <= 64 * 1024
    texts = [data["text"] for name, _, data in answer.events() if name == "log"]
    assert "".join(texts).count("\n") == 100_000
    assert 10 < len(texts) < 5_000


def test_text_with_the_time_and_stream_of_each_line(owner: APIClient, execution: Execution) -> None:
    moments = iter(range(1_700_000_000, 1_700_000_100))
    log = LogWriter(attempt_folder(execution.pk, 1), limits=LogLimits(), clock=lambda: float(next(moments)))
    log.write(Stream.STDOUT, b"one\n\nhalf ")
    log.write(Stream.STDERR, b"careful\n")
    log.write(Stream.STDOUT, b"a line\nrest")
    log.close()
    assert owner.get(url(execution), {"times": "true"}).content.decode().splitlines() == [
        "2023-11-14T22:13:20.000Z stdout one",
        "2023-11-14T22:13:20.000Z stdout ",
        "2023-11-14T22:13:21.000Z stderr careful",
        "2023-11-14T22:13:20.000Z stdout half a line",
        "2023-11-14T22:13:22.000Z stdout rest",
    ]
    assert owner.get(url(execution, "stderr"), {"times": "true"}).content == (
        b"2023-11-14T22:13:21.000Z stderr careful\n"
    )


def test_a_log_is_downloaded_as_a_file(people: People, execution: Execution, log: LogWriter) -> None:
    write_both(log)
    log.close()
    answer = ask("GET", url(execution), by=people.owner, query=b"download=true")
    name = f"execution-{execution.pk}-attempt-1"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.log"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == b"".join(b"line %d\n" % number for number in range(6))
    one = ask("GET", url(execution, "stdout"), by=people.owner, query=b"download=true&times=true")
    assert one.headers["content-disposition"] == f'attachment; filename="{name}-stdout.log"'
    assert one.body.count(b"Z stdout line") == 3


def test_a_download_holds_no_more_than_a_piece_in_memory(people: People, execution: Execution) -> None:
    log = LogWriter(attempt_folder(execution.pk, 1), limits=LogLimits(head_bytes=2**26, total_bytes=2**28))
    for _ in range(48):
        log.write(Stream.STDOUT, b"x" * 2**20)
    log.close()
    scope_token = f"Bearer {issue_token(people.owner, name='reader').text}"
    tracemalloc.start()
    try:
        size, peak = measured_download(url(execution), scope_token)
    finally:
        tracemalloc.stop()
    assert size == 48 * 2**20
    assert peak < 16 * 2**20


def measured_download(path: str, authorization: str) -> tuple[int, int]:
    """Bytes that came, and the most that was allocated meanwhile."""
    with listening("download=true", path=path, headers={"authorization": authorization}, keeps=False) as stream:
        tracemalloc.reset_peak()
        stream.wait_for(lambda told: told.is_over)
    return stream.size, tracemalloc.get_traced_memory()[1]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("times=yes", "/times"), ("download=1", "/download"), ("follow=true&times=true", "/times"),
        ("follow=true&download=true", "/download"), ("tail=1&times=true", "/times"),
        ("offset=0&download=true", "/download"), ("follow=true&tail=5", "/tail"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_go_together_are_400(
    owner: APIClient, execution: Execution, query: str, pointer: str
) -> None:
    answer = owner.get(f"{url(execution, 'stdout')}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
