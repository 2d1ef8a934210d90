import json
from typing import Any

from apps.runner.talk import Inbox
from apps.triggers.sensors.backoff import Backoff
from apps.triggers.sensors.definition import SensorDefinition
from apps.triggers.sensors.leases import Lease
from apps.triggers.sensors.runner import SensorRunner
from apps.triggers.sensors.wanted import Served, Wanted


def test_what_finds_no_room_in_a_full_stdin_is_told_when_there_is_some() -> None:
    definition = SensorDefinition(name="deaf", runtime="shell", entry_point="deaf.sh", triggers=("demo.seen",))
    nowhere: Any = None
    runner = SensorRunner(
        Wanted(1, "demo.deaf", "demo", "digest", definition), Lease(1, 1), {}, host=nowhere, backoff=Backoff()
    )
    served = {number: Served("demo.seen", {"path": f"/{number}"}) for number in range(5)}
    runner._inbox = inbox = Inbox(max_bytes=200)
    told = []
    for _ in range(5):
        runner.serve(served)
        told += [json.loads(line)["parameters"]["path"] for line in inbox.take().splitlines()]
    inbox.close()

    assert told == ["/0", "/1", "/2", "/3", "/4"]
