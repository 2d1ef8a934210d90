"""A key and a secret of a pack's configuration go to their process and nowhere else; who read them is on record."""

from collections.abc import Iterator
from typing import Any

from tests.acceptance.attune import Attune
from tests.acceptance.test_secrets import CANARY, check, files, found_in, redis_values, tables


def keep(attune: Attune, ref: str, value: Any, **more: Any) -> dict[str, Any]:
    answer = attune.client.put(f"/keys/{ref}", json={"value": value, **more})
    assert answer.status_code in (200, 201), answer.text
    body: dict[str, Any] = answer.json()
    return body


def answers(attune: Attune, *ids: int) -> Iterator[tuple[str, bytes]]:
    paths = ["/keys", "/keys/pack:hard:canary_key", "/packs/hard/config", "/audit", "/audit/export", "/operations"]
    for pk in ids:
        paths += [f"/executions/{pk}{link}" for link in ("", "/result", "/history", "/attempts", "/logs")]
    for path in paths:
        answer = attune.client.get(path)
        assert answer.status_code == 200, path
        yield f"answer of {path}", answer.content


def test_a_key_is_given_to_its_process_and_is_nowhere_else(attune: Attune) -> None:
    keep(attune, "canary_key", "of the system, and hidden by the pack's")
    keep(attune, "pack:hard:canary_key", CANARY)
    config = {"values": {"password": CANARY + "-too", "region": "south"}}
    assert attune.client.put("/packs/hard/config", json=config).json()["values"]["password"] == "***"
    said = attune.run("hard.keyed")
    assert said["result"] == {"plain": "***", "length": len(CANARY), "region": "south", "password": "***"}
    shell = attune.run("hard.keyed_shell")
    assert shell["result"] == {"length": len(CANARY), "missing": "", "exported": 0}
    failed = attune.run("hard.keyed", {"fail": True})
    assert failed["error"]["message"] == "in an exception: ***"
    for ended in (said, shell, failed):
        assert ended["reason"]["code"] == "keys_lacking"
        assert "there is no key not_there" in ended["reason"]["text"]
    read = attune.client.get("/audit?deed=key.read&on=pack:hard:canary_key").json()["results"]
    assert [row["who"] for row in read] == [f"execution {item['id']}" for item in (failed, shell, said)]

    rotated = attune.cli("key", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    revealed = attune.cli("key", "get", "canary_key", "--pack", "hard", "--reveal")
    assert revealed.stdout == CANARY + "\n"
    assert attune.run("hard.keyed_shell")["result"]["length"] == len(CANARY)

    variables = attune.variables
    assert check(tables(variables["DATABASE_URL"])) > 20
    assert check(redis_values(variables["REDIS_URL"])) >= 0
    assert check(files(attune.var_dir)) > 100
    assert check(answers(attune, *(item["id"] for item in (said, shell, failed)))) > 15


def test_the_command_line_keeps_a_key_and_does_not_say_it(attune: Attune) -> None:
    done = [
        attune.cli("key", "set", "from_cli", CANARY),
        attune.cli("key", "get", "from_cli"),
        attune.cli("key", "list", "--json"),
        attune.cli("audit", "list", "--on", "from_cli"),
        attune.cli("key", "delete", "from_cli"),
    ]
    assert [item.returncode for item in done] == [0] * 5, [item.stderr for item in done]
    assert not any(found_in((item.stdout + item.stderr).encode()) for item in done)
