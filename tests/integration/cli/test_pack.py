"""`attune pack` and `attune environment`"""

import io
import json
from pathlib import Path

import pytest

from apps.packs.sources.extract import extract
from tests.factories import write_pack
from tests.factories.archives import zipped
from tests.integration.cli.canned import Answer, Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import environment, operation

UPLOAD = "/api/v1/packs/upload"
INSTALL, OPERATION = "/api/v1/packs/install", "/api/v1/operations/5"
ENVIRONMENTS, WORKERS = "/api/v1/packs/demo/environments", "/api/v1/workers"
OUTCOME = {"ref": "demo", "version": "1.0.0", "digest": "3db3", "change": "installed", "content": {"actions": 2}}


def test_an_installation_is_followed_until_the_environments_are_ready(attune: Attune, canned: Canned) -> None:
    canned.on("POST", INSTALL, Answer(operation("pending", steps=[]), 202))
    canned.on("GET", OPERATION, operation("running"), operation(outcome=OUTCOME))
    canned.on("GET", ENVIRONMENTS, page(environment("building", generation=0)), page(environment()))
    canned.on("GET", WORKERS, page({"name": "w1"}))
    ended = attune("pack", "install", "/srv/packs/demo")
    assert (ended.code, ended.out) == (0, "demo 1.0.0 installed (2 actions)\n")
    assert ended.err == (
        "operation 5 pending\n"
        "check\n"
        "  ✓ copy\n"
        "  ✓ check\n"
        "demo python building\n"
        "  ✓ demo python ready: generation 1, 1 package\n"
    )
    assert canned.bodies("POST", INSTALL) == [{"source": "/srv/packs/demo", "force": False, "dry_run": False}]


def test_a_watched_folder_is_installed_after_each_change_and_errors_end_nothing(
    attune: Attune, canned: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_pack(tmp_path / "pack")
    broken = {"code": "pack_invalid", "detail": "1 error in the pack.", "errors": [
        {"file": "actions/a.yaml", "line": 3, "detail": "no such runtime", "hint": "one of: shell"}
    ]}  # fmt: skip
    ends = (operation("failed", error=broken), operation(outcome=OUTCOME), operation("failed", error=broken))
    canned.on("POST", UPLOAD, *(Answer(end, 202) for end in ends))
    canned.on("GET", ENVIRONMENTS, page(environment("failed", log="no such package")))
    modes = iter([0o755, None, 0o644, None])

    def pause(_: float) -> None:
        if (mode := next(modes, "over")) == "over":
            raise KeyboardInterrupt
        if isinstance(mode, int):
            (folder / "pack.yaml").chmod(mode)

    monkeypatch.setattr("apps.cli.packs.developing.time.sleep", pause)
    ended = attune("pack", "dev", str(folder))
    assert ended.code == 0
    assert [asked.query for asked in canned.asked if asked.path == UPLOAD] == [{"force": ["true"]}] * 3
    refused, built, again = ended.err.split("error: ")[1:]
    assert "  actions/a.yaml:3: no such runtime (one of: shell)\n" in refused
    assert "\nwhat served before goes on serving\n" in refused
    assert "no such package" in built
    assert "demo 1.0.0 of" not in built
    assert "\ndemo 1.0.0 of " in again
    assert ended.out.endswith("  demo 1.0.0 installed\n")


@pytest.mark.parametrize("name", [".", "../pack", "archive.zip"])
def test_a_folder_or_archive_of_this_machine_is_sent(
    attune: Attune, canned: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = write_pack(tmp_path / "pack")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    (folder / "archive.zip").write_bytes(zipped({"pack.yaml": b"ref: acme\n"}))
    monkeypatch.chdir(folder)
    canned.on("POST", UPLOAD, Answer(operation("pending"), 202))
    ended = attune("pack", "install", name, "--no-wait", "--force")
    assert (ended.code, ended.out) == (0, "5\n")
    (asked,) = canned.asked
    assert (asked.query, asked.headers["Content-Type"]) == ({"force": ["true"]}, "application/octet-stream")
    extract(io.BytesIO(asked.body), tmp_path / "came")
    assert (tmp_path / "came" / "pack.yaml").is_file()
    assert not (tmp_path / "came" / ".git").exists()


def test_what_is_not_here_is_named_to_the_server(
    attune: Attune, canned: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pack(tmp_path / "aws")
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path)
    canned.on("POST", INSTALL, Answer(operation("pending"), 202))
    sources = ["/srv/packs/demo", "https://git.example/acme.git#v1", "git@git.example:acme", "plain", "beta@1.0"]
    for source in sources:
        assert attune("pack", "install", source, "--no-wait").code == 0
    assert attune("pack", "install", str(tmp_path / "aws"), "--on-server", "--no-wait").code == 0
    assert attune("pack", "install", "aws", "--on-server", "--ref", "1.0", "--no-wait").code == 0
    asked = canned.bodies("POST", INSTALL)
    assert [body["source"] for body in asked] == [*sources, str(tmp_path / "aws"), "aws"]
    assert asked[-1]["ref"] == "1.0"
    ended = attune("pack", "install", "./nothing")
    assert (ended.code, "nothing at ./nothing on this machine" in ended.err) == (2, True)
    assert attune("pack", "install", "./aws", "--ref", "main").code == 2


def test_the_index_is_listed_and_searched(attune: Attune, canned: Canned) -> None:
    row = {"name": "acme", "version": "1.0.0", "description": "Things", "author": "", "keywords": [], "source": "x"}
    canned.on("GET", "/api/v1/packs/index", page(row), page())
    assert "acme" in attune("pack", "index").out
    assert "no such pack" in attune("pack", "index", "web").err
    assert [asked.query for asked in canned.asked] == [{}, {"q": ["web"]}]


def test_all_errors_of_a_pack_are_told_with_file_and_line(attune: Attune, canned: Canned) -> None:
    error = {
        "code": "pack_invalid",
        "detail": "2 errors in the pack.",
        "errors": [
            {"file": "pack.yaml", "line": 3, "detail": "the key 'version' stands twice"},
            {"file": "actions/a.yaml", "line": None, "detail": "no runtime", "hint": "write runtime: shell"},
        ],
    }
    canned.on("POST", INSTALL, Answer(operation("failed", error=error), 202))
    ended = attune("pack", "install", "/srv/packs/demo")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: pack_invalid: 2 errors in the pack.\n"
        "  pack.yaml:3: the key 'version' stands twice\n"
        "  actions/a.yaml: no runtime (write runtime: shell)\n"
        "  nothing was changed\n"
        "  what it said: attune operation log 5\n"
    )


def test_a_dry_run_builds_nothing(attune: Attune, canned: Canned) -> None:
    canned.on("POST", INSTALL, Answer(operation(outcome=OUTCOME), 202))
    ended = attune("pack", "install", "/srv/packs/demo", "--dry-run")
    assert ended.out == "demo 1.0.0 would be installed; nothing was changed (2 actions)\n"
    assert len(canned.asked) == 1


def test_a_failed_build_shows_the_end_of_its_log(attune: Attune, canned: Canned) -> None:
    log = "".join(f"line {number}\n" for number in range(30)) + "no matching version\n"
    canned.on("POST", INSTALL, Answer(operation(outcome=OUTCOME), 202))
    canned.on("GET", ENVIRONMENTS, page(environment("failed", log=log, error="It failed.\npip: no matching version")))
    ended = attune("pack", "install", "/srv/packs/demo")
    assert ended.code == 1
    assert "line 10\n" not in ended.err
    assert "  line 11\n" in ended.err
    assert "  no matching version\n  It failed.\n  to try again" in ended.err
    assert "what served before goes on serving" in ended.err


def test_without_a_worker_it_is_said_that_nothing_is_built(attune: Attune, canned: Canned) -> None:
    canned.on("POST", INSTALL, Answer(operation(outcome=OUTCOME), 202))
    canned.on("GET", ENVIRONMENTS, page(environment("pending")))
    canned.on("GET", WORKERS, page())
    ended = attune("pack", "install", "/srv/packs/demo")
    assert ended.code == 0
    assert "no worker is active" in ended.err


def test_json_of_an_installation_is_the_operation(attune: Attune, canned: Canned) -> None:
    canned.on("POST", INSTALL, Answer(operation(outcome=OUTCOME), 202))
    canned.on("GET", ENVIRONMENTS, page())
    assert json.loads(attune("pack", "install", "/srv/packs/demo", "--json").out) == operation(outcome=OUTCOME)


def test_packs_are_switched_on_and_off(attune: Attune, canned: Canned) -> None:
    canned.on("PATCH", "/api/v1/packs/demo", {"ref": "demo", "enabled": False})
    assert attune("pack", "disable", "demo").err == "demo is disabled\n"
    assert canned.bodies("PATCH", "/api/v1/packs/demo") == [{"enabled": False}]


def test_an_unknown_pack_says_where_all_are(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/api/v1/packs/none", problem(404, "unknown_pack", "There is no pack none."))
    ended = attune("pack", "show", "none")
    assert (ended.code, ended.err) == (
        2,
        "error: unknown_pack: There is no pack none.\n  all packs: attune pack list\n",
    )


def test_a_ref_cannot_leave_its_place_in_the_address(attune: Attune, canned: Canned) -> None:
    attune("pack", "show", "../tokens?x=1")
    assert canned.asked[0].path == "/api/v1/packs/..%2Ftokens%3Fx%3D1"


def test_environments_are_told_with_their_log(attune: Attune, canned: Canned) -> None:
    canned.on("GET", ENVIRONMENTS, page(environment(log="Resolved 1 package\n")))
    out = attune("pack", "environments", "demo").out
    assert "packages     six 1.16.0\n" in out
    assert out.endswith("\nLog of the last build\n  Resolved 1 package\n")


@pytest.mark.parametrize("noun", ["pack", "environment"])
def test_a_rebuild_is_waited_for(attune: Attune, canned: Canned, noun: str) -> None:
    canned.on("POST", f"{ENVIRONMENTS}/python/rebuild", Answer({"volumes": 1}, 202))
    canned.on("GET", ENVIRONMENTS, page(environment("pending")), page(environment(generation=2)))
    canned.on("GET", WORKERS, page({"name": "w1"}))
    ended = attune(noun, "rebuild", "demo", "python")
    assert ended.code == 0
    assert ended.err.endswith("  ✓ demo python ready: generation 2, 1 package\n")


def test_a_rebuild_without_a_worker_fails(attune: Attune, canned: Canned) -> None:
    canned.on("POST", f"{ENVIRONMENTS}/python/rebuild", Answer({"volumes": 0}, 202))
    ended = attune("environment", "rebuild", "demo", "python")
    text = "no active worker has python in a version for demo: environments are built by a worker, at the latest before"
    assert (ended.code, ended.err) == (1, f"{text} the first run\n")


def test_a_rollback_is_over_when_another_generation_serves(attune: Attune, canned: Canned) -> None:
    canned.on("POST", f"{ENVIRONMENTS}/python/rollback", Answer({"volumes": 1}, 202))
    canned.on("GET", ENVIRONMENTS, page(environment(generation=3)), page(environment(generation=2)))
    ended = attune("environment", "rollback", "demo", "python")
    assert ended.code == 0
    assert ended.err.endswith("ready: generation 2, 1 package\n")


def test_a_rollback_that_changes_nothing_fails(attune: Attune, canned: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.cli.packs.environments._ROLLBACK_S", 0)
    canned.on("POST", f"{ENVIRONMENTS}/python/rollback", Answer({"volumes": 1}, 202))
    canned.on("GET", ENVIRONMENTS, page(environment()))
    ended = attune("environment", "rollback", "demo", "python")
    assert ended.code == 1
    assert "error: not_rolled_back:" in ended.err


def test_a_rollback_of_what_was_never_built_is_not_waited_for(attune: Attune, canned: Canned) -> None:
    canned.on("GET", ENVIRONMENTS, page())
    ended = attune("environment", "rollback", "demo", "python")
    assert (ended.code, ended.err.splitlines()[0]) == (
        2,
        "error: usage: demo has no environment of its own for python.",
    )


def test_an_examination_is_over_when_it_has_a_new_time_and_tells_what_is_broken(attune: Attune, canned: Canned) -> None:
    before = environment(validated_at="2026-11-21T14:42:17Z")
    canned.on("POST", f"{ENVIRONMENTS}/python/validate", Answer({"volumes": 1}, 202))
    broken = environment(
        "outdated", validated_at="2026-11-21T14:43:00Z", problems=["six: 1.16.0 was built, 1.0 is there"]
    )
    canned.on("GET", ENVIRONMENTS, page(before), page(before), page(broken))
    ended = attune("environment", "validate", "demo", "python")
    assert ended.code == 1
    assert "error: environment_not_sound:" in ended.err
    assert "six: 1.16.0 was built" in ended.err
    assert "validate demo python --repair" in ended.err


def test_a_repair_is_waited_for(attune: Attune, canned: Canned) -> None:
    before, after = environment("outdated"), environment(generation=2, validated_at="2026-11-21T14:43:00Z")
    canned.on("POST", f"{ENVIRONMENTS}/python/validate", Answer({"volumes": 1}, 202))
    canned.on("GET", ENVIRONMENTS, page(before), page(environment("building")), page(after))
    ended = attune("environment", "validate", "demo", "python", "--repair")
    assert (ended.code, canned.bodies("POST", f"{ENVIRONMENTS}/python/validate")) == (0, [{"repair": True}])
    assert ended.err.endswith("  ✓ demo python is sound\n")


def test_an_examination_nobody_makes_is_given_up(
    attune: Attune, canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.cli.packs.validation._PATIENCE_S", 0)
    canned.on("POST", f"{ENVIRONMENTS}/python/validate", Answer({"volumes": 1}, 202))
    canned.on("GET", ENVIRONMENTS, page(environment()))
    assert "error: not_validated:" in attune("environment", "validate", "demo", "python").err
    canned.on("POST", f"{ENVIRONMENTS}/python/validate", Answer({"volumes": 0}, 202))
    assert attune("environment", "validate", "demo", "python").code == 1
