"""Packs as their authors meet them: conflicting libraries, mistakes with their lines, new versions."""

import shutil
from pathlib import Path

from tests.acceptance.attune import Attune
from tests.acceptance.conftest import PACKS


def test_two_packs_use_conflicting_versions_of_one_library(attune: Attune) -> None:
    for name in ("slug_old", "slug_new"):
        installed = attune.cli("pack", "install", str(PACKS / name), timeout_s=170)
        assert installed.returncode == 0, installed.stdout + installed.stderr
    old, new = attune.run("slug_old.version"), attune.run("slug_new.version")
    assert (old["result"]["version"], new["result"]["version"]) == ("7.0.0", "8.0.4")
    assert old["result"]["file"] != new["result"]["file"]
    environments = attune.client.get("/environments").json()["results"]
    assert {"slug_old", "slug_new"} <= {item["pack"] for item in environments if item["status"] == "ready"}


def test_all_mistakes_of_a_pack_are_told_at_once_and_nothing_changes(attune: Attune, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    (folder / "actions").mkdir(parents=True)
    (folder / "pack.yaml").write_text("ref: broken\nversion: 1.0.0\nversion: 1.0.1\n")
    (folder / "actions" / "one.yaml").write_text("name: one\nentry_point: nowhere.py\nparameters: []\n")
    (folder / "actions" / "two.yaml").write_text("name: [\n")
    before = attune.client.get("/packs").json()
    done = attune.cli("pack", "install", str(folder))
    assert done.returncode == 1
    said = done.stdout + done.stderr
    for place in ("pack.yaml:3", "actions/one.yaml:2", "actions/one.yaml:3", "actions/two.yaml:"):
        assert place in said, said
    assert attune.client.get("/packs").json() == before
    assert attune.client.get("/packs/broken").status_code == 404


def test_a_new_version_is_used_by_new_executions_and_waiting_ones_keep_theirs(attune: Attune, tmp_path: Path) -> None:
    folder = tmp_path / "words"
    (folder / "actions").mkdir(parents=True)

    def version(number: str) -> None:
        (folder / "pack.yaml").write_text(f"ref: words\nversion: {number}\n")
        (folder / "actions" / "say.yaml").write_text(
            "name: say\nentry_point: say.sh\nconcurrency: {limit: 1}\noutput_format: text\n"
            "parameters: {seconds: {type: number, default: 0}}\n"
        )
        (folder / "actions" / "say.sh").write_text(f'sleep "$seconds"; echo version {number}\n')

    version("1.0.0")
    assert attune.install(folder)["status"] == "succeeded"
    first = attune.request("words.say", {"seconds": 3})
    waiting = attune.request("words.say")
    version("2.0.0")
    assert attune.install(folder)["status"] == "succeeded"
    later = attune.request("words.say")
    said = [attune.ended(item["id"])["result"]["stdout"] for item in (first, waiting, later)]
    assert said == ["version 1.0.0\n", "version 1.0.0\n", "version 2.0.0\n"]

    (folder / "actions" / "say.sh").write_text("echo the same version with another content\n")
    refused = attune.install(folder)
    assert refused["status"] == "failed"
    assert "version_taken" in str(refused["error"])
    shutil.rmtree(folder)
    assert attune.run("words.say")["result"]["stdout"] == "version 2.0.0\n"


def test_a_disabled_pack_is_refused_until_it_is_enabled_again(attune: Attune) -> None:
    assert attune.cli("pack", "disable", "examples_text").returncode == 0
    refused = attune.client.post("/executions", json={"action": "examples_text.slug", "parameters": {"text": "a"}})
    assert (refused.status_code, refused.json()["code"]) == (409, "pack_disabled")
    assert attune.cli("pack", "enable", "examples_text").returncode == 0
