"""Messages as no Attune sends them, to a real worker on a real Valkey: nothing runs twice, and nobody dies of them.

One worker and one database for the whole file: what a test sends must leave both as they were.
"""

import os
import pickle
import random
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psycopg.conninfo
import pytest
from celery import Celery
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from apps.core.redis import breaker, client
from apps.executions import dispatch, hints, lines, tasks
from apps.executions.models import Execution, SlotsEpoch
from apps.executions.services.request import Wish, request_executions
from apps.executions.slots.rebuild import rebuild_if_stale
from apps.executions.transitions import Ticket
from apps.workers.models import SchemaVersion, Worker
from apps.workers.schema import OLDEST, SCHEMA
from tests.acceptance.attune import ROOT
from tests.installed import install_packs
from tests.people import People, make_people
from tests.redis_trouble import keep_redis_away
from tests.valkey_server import ValkeyServer, valkey_server
from tests.waiting import wait_for

QUEUE = "run.default.shell"


@dataclass
class Scene:
    """A worker's process, the server it listens to, and the file in which actions say that they ran."""

    folder: Path
    server: ValkeyServer
    people: People
    process: "subprocess.Popen[bytes]"
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def __post_init__(self) -> None:
        self.notes = self.folder / "notes"
        self.sender = Celery("stranger", broker=redis_address(self.server), set_as_current=False)
        self.sender.conf.task_serializer = "json"
        self.sender.conf.broker_transport_options = {"priority_steps": [0]}

    def send(self, *arguments: Any, name: str = "executions.run", **options: Any) -> None:
        self.sender.send_task(name, arguments, queue=QUEUE, **options)

    def put(self, raw: bytes) -> None:
        """What stands in the queue, as it is."""
        self.server.ask("LPUSH", QUEUE, raw)  # type: ignore[arg-type]  # bytes work

    def scheduled(self, count: int = 1) -> list[int]:
        """Executions nobody has been told of."""
        keep_redis_away()
        try:
            wishes = [
                Wish(action="oracle.free", parameters={"file": str(self.notes), "n": next(self.numbers)})
                for _ in range(count)
            ]
            return list(request_executions(self.people.owner, wishes, is_batch=True).execution_ids)
        finally:
            breaker.reset()

    def starts(self) -> Counter[int]:
        lines_ = self.notes.read_text().splitlines() if self.notes.exists() else []
        return Counter(int(line.split()[2]) for line in lines_ if line.startswith("start "))

    def sweep(self) -> None:
        """Hints again at what nobody followed, as a scheduler does; its messages go to this worker's server."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dispatch, "hint", self._hint)
            hints.send_again()

    def _hint(self, tickets: Sequence[Ticket]) -> bool:
        for ticket in tickets:
            self.send(ticket.id, ticket.attempt)
        return True

    def wait_until_ended(self, pks: list[int]) -> None:
        rows = Execution.objects.filter(pk__in=pks)
        wait_for(lambda: not rows.exclude(status="succeeded").exists(), what=f"the end of {len(pks)} executions")

    def wait_until_taken(self) -> None:
        wait_for(lambda: self.server.ask("LLEN", QUEUE) == 0, what="an empty queue")

    def still_works(self) -> None:
        """It is the same process, and what comes next runs, once."""
        (pk,) = self.scheduled()
        self.send(pk, 1)
        self.wait_until_ended([pk])
        assert self.starts()[pk] == 1
        assert self.process.poll() is None
        assert Worker.objects.filter(status="active", name="listening").count() == 1

    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")


def redis_address(server: ValkeyServer) -> str:
    return f"redis+socket://{server.socket}?virtual_host=0"


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    original = settings.REDIS_URL
    with django_db_blocker.unblock(), tempfile.TemporaryDirectory(prefix="msg-") as name:
        folder = Path(name)
        with valkey_server(folder / "v") as server:
            use(server.url)
            SlotsEpoch.objects.get_or_create(pk=1, defaults={"number": 1})
            lines.epoch.read_anew()
            rebuild_if_stale()
            install_packs("oracle")
            people = make_people()
            process = start_worker(folder, server)
            try:
                scene = Scene(folder, server, people, process)
                ready = Worker.objects.filter(status="active", name="listening")
                wait_for(lambda: ready.exists() and "is ready" in scene.log(), what="the worker")
                yield scene
            finally:
                process.kill()
                process.wait()
                use(original)
                call_command("flush", interactive=False, verbosity=0)
                connection.close()


def use(url: str) -> None:
    settings.REDIS_URL = url
    client.cache_clear()
    lines.slots.cache_clear()
    breaker.reset()


def start_worker(folder: Path, server: ValkeyServer) -> "subprocess.Popen[bytes]":
    known = ("host", "port", "dbname", "user", "password")
    parameters = {key: value for key, value in connections["default"].get_connection_params().items() if key in known}
    chosen = {
        "DJANGO_SETTINGS_MODULE": "attune.settings.test",
        "DATABASE_URL": psycopg.conninfo.make_conninfo(**parameters),
        "REDIS_URL": server.url,
        "ATTUNE_WORKER_NAME": "listening",
        "ATTUNE_WORKER_RUNTIMES": "shell",
        "ATTUNE_HEARTBEAT_S": "0.5",
    }
    with (folder / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "run_worker"],
            env={**os.environ, **chosen}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def message(body: bytes, *, task: str = "executions.run", kind: str = "application/json", **more: Any) -> bytes:
    """As kombu writes it."""
    whole = {
        "body": b64encode(body).decode(),
        "content-encoding": "utf-8" if "json" in kind else "binary",
        "content-type": kind,
        "headers": {"lang": "py", "task": task, "id": f"id-{random.random()}", "root_id": "x", "argsrepr": "()"},
        "properties": {
            "correlation_id": "x", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "priority": 0, "body_encoding": "base64", "delivery_tag": f"tag-{random.random()}",
        },
        **more,
    }  # fmt: skip
    return orjson.dumps(whole)


class Bomb:
    """Says where it was unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return (os.system, (f"touch {self.file}",))


def test_doubled_mixed_up_and_late_hints_start_each_execution_once(scene: Scene) -> None:
    pks = scene.scheduled(20)
    hints_ = [(pk, attempt) for pk in pks for attempt in (1, 1, 1, 0, 2)]
    random.Random(4).shuffle(hints_)
    for pk, attempt in hints_:
        scene.send(pk, attempt)
    scene.wait_until_ended(pks)
    for pk in pks:
        scene.send(pk, 1)  # as one that was held up on its way
    scene.wait_until_taken()
    scene.still_works()
    assert [scene.starts()[pk] for pk in pks] == [1] * 20


UNREADABLE: list[tuple[Any, ...]] = [
    (), (1,), (1, 1, 1), (-1, 1), (0, 1), (2**63, 1), (2**400, 1), (1, 2**40), (1, -1), (1.5, 1), ("1", 1),
    (True, True), ("x' OR 1=1 --", 1), (None, None), ([], {}), ({"a": 1}, 1), (1, "\x00"), ("9" * 5000, 1),
]  # fmt: skip
FORGED: list[tuple[Any, ...]] = [*UNREADABLE, (10**18, 1)]


def test_what_a_hint_cannot_say_is_not_even_looked_up(people: People) -> None:
    for arguments in UNREADABLE:
        tasks.run(*arguments)  # there is no worker in this process that could


def test_forged_hints_run_nothing_and_are_logged_once_in_a_line_each(scene: Scene) -> None:
    before, size = scene.starts(), len(scene.log())
    for arguments in FORGED:
        scene.send(*arguments)
    scene.send(name="executions.run", kwargs={"execution_id": 1, "attempt": 1, "more": 1})
    scene.wait_until_taken()
    scene.still_works()
    assert sum(scene.starts().values()) == sum(before.values()) + 1
    told = scene.log()[size:].splitlines()
    assert "Traceback" not in " ".join(told), "\n".join(told)
    assert len(told) <= 2 * len(FORGED)
    assert max(map(len, told)) < 1000


def test_tasks_of_other_names_run_nothing(scene: Scene) -> None:
    size = len(scene.log())
    for name in ("os.system", "", "executions.run.__class__", "celery.backend_cleanup", "x" * 100_000, "\x00"):
        scene.put(message(b"[[1, 1], {}, {}]", task=name))
    scene.wait_until_taken()
    scene.still_works()
    assert len(scene.log()[size:]) < 30_000


def test_pickled_bodies_are_not_opened(scene: Scene) -> None:
    touched, size = scene.folder / "touched", len(scene.log())
    body = pickle.dumps(((Bomb(touched), 1), {}, {}))
    for kind in ("application/x-python-serialize", "application/json", "application/x-yaml", "application/data", ""):
        scene.put(message(body, kind=kind))
    scene.wait_until_taken()
    scene.still_works()
    assert not touched.exists()
    assert len(scene.log()[size:]) < 30_000


GARBAGE = [
    b"", b"garbage", b"\xff\xfe\x00", b"{}", b"[]", b"null", b"5", b'"text"', b"{", b'{"body": "x"}', b"[" * 10_000,
    b'{"body": "!!", "headers": {}, "properties": {}}', message(b"not json"), message(b"null"), message(b"{}"),
    message(b"[]"), message(b'[[1, 1], null, null]'), message(b'[[1, 1], {}, {}]', headers=None),
    message(b'[[1, 1], {}, {}]', headers={}), message(b'[[1, 1], {}, {}]', properties={}),
    message(b'[[1, 1], {}, {}]', properties=None), message(b'[[1, 1], {}, {}]', headers=[]),
    message(b'[[1, 1], {}, {}]', headers={"task": 5, "id": None}),
    message(b'[[1, 1], {}, {}]', headers={"task": "executions.run", "id": "x", "eta": "yesterday"}),
    message(b'[[1, 1], {}, {}]', headers={"task": "executions.run", "id": "x", "expires": "never"}),
    message(b'[[1, 1], {}, {}]', headers={"task": "executions.run", "id": ["x"], "timelimit": "long"}),
    message(b'[[1, 1], {}, {"chord": 1, "callbacks": 5, "errbacks": "x"}]'),
]  # fmt: skip


@pytest.mark.parametrize("raw", GARBAGE, ids=[str(index) for index in range(len(GARBAGE))])
def test_garbage_in_the_queue_kills_nobody(scene: Scene, raw: bytes) -> None:
    size = len(scene.log())
    scene.put(raw)
    scene.wait_until_taken()
    scene.still_works()
    assert len(scene.log()[size:]) < 10_000


def test_huge_messages_are_logged_in_short_and_kill_nobody(scene: Scene) -> None:
    size = len(scene.log())
    scene.send("x" * 8_000_000, 1)
    scene.put(message(b'[["' + b"x" * 8_000_000 + b'", 1], {}, {}]', task="unknown"))
    scene.put(b"x" * 8_000_000)
    scene.wait_until_taken()
    scene.still_works()
    assert len(scene.log()[size:]) < 20_000


def test_a_worker_takes_nothing_while_the_tables_are_too_new_for_it_and_says_so(scene: Scene) -> None:
    row = Worker.objects.filter(name="listening", status="active")
    SchemaVersion.objects.update(number=SCHEMA + 1, oldest=SCHEMA + 1)  # as the migrations of a later release
    try:
        (pk,) = scene.scheduled()
        scene.send(pk, 1)
        wait_for(lambda: "upgrade the worker" in row.get().refusal, what="what the worker says")
        assert Execution.objects.get(pk=pk).status == "scheduled"
        scene.sweep()
    finally:
        SchemaVersion.objects.update(number=SCHEMA, oldest=OLDEST)
    wait_for(lambda: row.get().refusal == "", what="the worker to take work again")

    def is_claimed() -> bool:
        scene.sweep()
        return Execution.objects.get(pk=pk).status != "scheduled"

    wait_for(is_claimed, what="its claim")
    scene.wait_until_ended([pk])
    scene.still_works()
    assert scene.starts()[pk] == 1


def test_a_worker_goes_on_after_its_server_died_and_what_was_lost_is_hinted_again(scene: Scene) -> None:
    pks = scene.scheduled(5)
    for pk in pks:
        scene.send(pk + 10**9, 1)
    scene.server.kill()
    scene.server.start()
    breaker.reset()
    scene.sweep()
    scene.wait_until_ended(pks)
    scene.still_works()
