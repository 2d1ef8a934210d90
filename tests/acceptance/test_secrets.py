"""A secret parameter goes to its process and nowhere else. The canary is looked for everywhere."""

import base64
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import redis

from tests.acceptance.attune import Attune
from tests.acceptance.conftest import PASSWORD
from tests.waiting import wait_for

CANARY = 'canary-7Qz"/Wörgl of the deep'


def shapes(secret: str) -> dict[str, bytes]:
    """As it is, and in the disguises in which it could be written down."""
    raw = secret.encode()
    return {
        "raw": raw,
        "half": raw[: len(raw) // 2 + 2],
        "JSON": json.dumps(secret)[1:-1].encode(),
        "quoted": quote(secret, safe="").encode(),
        "hex": raw.hex().encode(),
        "base64": base64.b64encode(raw)[:-4],
    }


def found_in(data: bytes) -> list[str]:
    return [name for name, shape in shapes(CANARY).items() if shape in data]


def tables(url: str) -> Iterator[tuple[str, bytes]]:
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            for row in connection.execute(f'SELECT t::text FROM "{name}" t'.encode()):
                yield f"table {name}", row[0].encode()
                yield f"table {name} (bytea)", _unescaped(row[0])


def _unescaped(text: str) -> bytes:
    """What stands in a column of bytes, which PostgreSQL prints in hex."""
    parts = text.split("\\x")[1:]
    digits = ["".join(character for character in part if character in "0123456789abcdef") for part in parts]
    return b"".join(bytes.fromhex(item[: len(item) // 2 * 2]) for item in digits)


def redis_values(url: str) -> Iterator[tuple[str, bytes]]:
    client = redis.Redis.from_url(url)
    for key in client.scan_iter(count=1000):
        yield f"Redis key {key!r}", key
        if (dumped := client.dump(key)) is not None:
            yield f"Redis value of {key!r}", bytes(dumped)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            try:
                yield f"file {path}", path.read_bytes()
            except FileNotFoundError:
                continue


def processes(attune: Attune) -> Iterator[tuple[str, bytes]]:
    for pid in attune.processes():
        for name in ("cmdline", "environ"):
            try:
                yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:
                continue


def pages(attune: Attune, *ids: int) -> Iterator[tuple[str, bytes]]:
    """The console as an administrator sees it."""
    with httpx.Client(base_url=f"http://127.0.0.1:{attune.port}", follow_redirects=True, timeout=30) as browser:
        form = browser.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
        assert token is not None
        given = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        browser.post("/admin/login/", data=given, headers={"Referer": str(form.url)})
        paths = ["/admin/", "/admin/executions/", "/admin/operations/", "/admin/gates/", "/admin/workers/"]
        for pk in ids:
            paths += [f"/admin/executions/{pk}/{more}" for more in ("", "?tab=log", "?tab=overview", "rerun/")]
        for path in paths:
            page = browser.get(path)
            assert (page.status_code, "/login/" in str(page.url)) == (200, False), path
            yield f"page {path}", page.content


def streams(attune: Attune, *ids: int) -> Iterator[tuple[str, bytes]]:
    """What is told while it happens, from the beginning."""
    for pk in ids:
        path = f"/executions/{pk}/logs?follow=true"
        with attune.client.stream("GET", path, headers={"Accept": "text/event-stream"}) as answer:
            yield f"stream {path}", b"".join(answer.iter_bytes())


def others(attune: Attune) -> Iterator[tuple[str, bytes]]:
    """Metrics with their labels, and the logs of operations."""
    yield "metrics", httpx.get(f"http://127.0.0.1:{attune.port}/metrics", timeout=30).content
    for operation in attune.client.get("/operations").json()["results"]:
        yield "log of an operation", attune.client.get(f"/operations/{operation['id']}/log").content


def answers(attune: Attune, *ids: int) -> Iterator[tuple[str, bytes]]:
    paths = ["/executions", "/actions/hard.canary", "/operations", "/gates", "/workers"]
    for pk in ids:
        links = ("", "/result", "/history", "/attempts", "/logs", "/logs/stdout", "/logs/stderr", "/artifacts")
        paths += [f"/executions/{pk}{link}" for link in links]
    for path in paths:
        answer = attune.client.get(path)
        assert answer.status_code == 200, path
        yield f"answer of {path}", answer.content


def check(places: Iterator[tuple[str, bytes]]) -> int:
    count = 0
    for name, data in places:
        count += 1
        assert found_in(data) == [], f"the canary is in {name}"
    return count


def test_the_canary_is_nowhere_but_in_its_process(attune: Attune) -> None:
    def ask(action: str, **more: Any) -> int:
        return int(attune.request(action, {"token": CANARY, **more})["id"])

    def has_spoken(pk: int) -> bool:
        return "on stdout" in attune.log(pk)

    asleep = [ask("hard.canary", seconds=280), ask("hard.canary_shell", seconds=280)]  # longer than all looks take
    for pk in asleep:
        attune.running(pk)
        wait_for(partial(has_spoken, pk), what="its first words")
    seen = check(processes(attune))
    assert seen > 10
    over = [ask("hard.canary"), ask("hard.canary", fail=True), ask("hard.canary_shell")]
    ended = [attune.ended(pk) for pk in over]
    assert [item["status"] for item in ended] == ["succeeded", "failed", "succeeded"]
    assert ended[0]["parameters"]["token"] == "***"
    again = attune.client.post(f"/executions/{over[0]}/rerun", json={}).json()["id"]
    assert attune.ended(again)["result"]["plain"] == "***"

    variables = attune.variables
    assert check(tables(variables["DATABASE_URL"])) > 20
    assert check(redis_values(variables["REDIS_URL"])) >= 0
    assert check(files(attune.var_dir)) > 100
    assert check(answers(attune, *asleep, *over, again)) > 40
    assert check(pages(attune, *over, again)) > 10
    assert check(streams(attune, *over, again)) == len(over) + 1
    assert check(others(attune)) > 1
    refused = attune.client.post("/executions", json={"action": "hard.canary", "parameters": {"token": [CANARY]}})
    assert refused.status_code == 400
    assert found_in(refused.content) == []
    for pk in asleep:
        attune.client.post(f"/executions/{pk}/cancel")
        assert attune.ended(pk)["status"] == "canceled"
    for client_answer in answers(attune, *asleep):
        assert found_in(client_answer[1]) == []


def test_a_secret_output_reaches_the_next_execution_and_nothing_else(attune: Attune) -> None:
    first = attune.ended(int(attune.request("hard.issue", {"token": "not the canary"})["id"]))
    assert (first["status"], first["result"]) == ("succeeded", {"token": "***", "about": "for ***"})
    reference = {"$secret": {"execution": first["id"], "output": "token"}}
    second = attune.ended(int(attune.request("hard.compare", {"token": reference})["id"]))
    assert second["result"] == {"is_the_canary": True}
    ids = (int(first["id"]), int(second["id"]))
    assert check(tables(attune.variables["DATABASE_URL"])) > 20
    assert check(redis_values(attune.variables["REDIS_URL"])) >= 0
    assert check(files(attune.var_dir)) > 100
    assert check(pages(attune, *ids)) > 10
    assert check(answers(attune, *ids)) > 10
    assert check(streams(attune, *ids)) == 2


def test_the_command_line_does_not_say_it_either(attune: Attune) -> None:
    done = attune.cli("run", "hard.canary", f"token={CANARY}", "--wait", "--follow")
    assert done.returncode == 0, done.stderr
    assert found_in(done.stdout.encode() + done.stderr.encode()) == []
    assert '"plain": "***"' in done.stdout
