import json

from apps.runner.redact import Masker
from apps.triggers.sensors.listener import BATCH, Listener
from apps.triggers.sensors.protocol import Refused, Said


class Recorder:
    """Remembers batches; refuses payloads with `bad` in them."""

    def __init__(self) -> None:
        self.batches: list[list[Said]] = []
        self.refused = 0

    def record(self, batch: list[Said], *, refused: list[Refused]) -> list[Refused]:
        not_taken = [Refused(said.line, "it does not fit") for said in batch if "bad" in said.payload]
        self.batches.append([said for said in batch if "bad" not in said.payload])
        self.refused += len(refused) + len(not_taken)
        return not_taken


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def line(**payload: int) -> bytes:
    return json.dumps({"trigger": "demo.seen", "payload": payload}).encode() + b"\n"


def test_lines_are_recorded_in_batches_in_their_order() -> None:
    recorder, dealt_with = Recorder(), list[int]()
    listener = Listener(recorder, declared=["demo.seen"], on_dealt_with=dealt_with.append)

    assert list(listener(b"".join(line(n=n) for n in range(BATCH + 10)))) == []
    assert [len(batch) for batch in recorder.batches] == [BATCH, 10]
    assert [said.payload["n"] for batch in recorder.batches for said in batch] == list(range(BATCH + 10))
    assert dealt_with == [BATCH, BATCH + 10]


def test_what_is_refused_is_told_in_the_order_of_lines_and_counted() -> None:
    recorder = Recorder()
    listener = Listener(recorder, declared=["demo.seen"])
    remarks = list(listener(line(bad=1) + b"oops\n" + line(n=1) + b'{"trigger": "demo.other"}\n'))

    assert [remark.partition(" was refused")[0] for remark in remarks] == ["line 1", "line 2", "line 4"]
    assert "does not name the trigger 'demo.other'" in remarks[2]
    assert (recorder.refused, len(recorder.batches[0])) == (3, 1)


def test_of_garbage_without_end_a_few_lines_are_told_each_minute_and_the_others_counted() -> None:
    clock = Clock()
    listener = Listener(Recorder(), declared=["demo.seen"], clock=clock)

    assert len(list(listener(b"oops\n" * 1000))) == 20
    assert list(listener(b"oops\n" * 1000)) == []
    clock.now = 61.0
    later = list(listener(b"oops\n"))
    assert later[0] == "1980 more lines were refused"
    assert later[1].startswith("line 2001 was refused")


def test_the_end_of_the_stream_ends_the_last_line() -> None:
    recorder = Recorder()
    listener = Listener(recorder, declared=["demo.seen"])
    list(listener(line(n=1).rstrip()))
    assert recorder.batches == []
    list(listener(b""))
    assert [said.payload for said in recorder.batches[0]] == [{"n": 1}]


def test_what_the_sensor_was_given_in_confidence_is_in_no_event_and_no_reason() -> None:
    recorder = Recorder()
    listener = Listener(recorder, declared=["demo.seen"], masker=Masker([b"hush-hush-1"]))
    event = {
        "trigger": "demo.seen",
        "payload": {"url": "https://u:hush-hush-1@h/"},
        "parameters": {"token": "hush-hush-1"},
        "dedupe_key": "k-hush-hush-1",
    }
    lines = [json.dumps(event), "oops hush-hush-1", '{"trigger": "hush-hush-1"}', '{"hush-hush-1": 1}']
    remarks = list(listener("\n".join(lines).encode() + b"\n"))

    masked = Said(1, "demo.seen", {"url": "https://u:***@h/"}, {"token": "***"}, "k-***")
    assert recorder.batches == [[masked]]
    assert len(remarks) == 3
    assert "hush" not in " ".join(remarks)
