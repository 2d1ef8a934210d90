"""Rollback, removal and needed packs: what served goes on serving whatever is refused, and who is pinned keeps its
version."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from apps.actions.models import Action
from apps.core.errors import AttuneError
from apps.core.signals import happened
from apps.executions.models import Execution
from apps.executions.retention.packs import collect_pack_versions
from apps.executions.states import Status
from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.loader import PackInvalid
from apps.packs.models import Pack, PackVersion
from apps.packs.operations import request_installation, request_rollback, request_upgrade
from apps.packs.services.changes import Overtaken
from apps.packs.services.install import install_pack
from apps.packs.services.registering import RemovedPackRuns
from apps.packs.services.remove import PackOwn, remove_pack
from apps.packs.services.rollback import NoSuchVersion, roll_back, version_to_serve
from apps.packs.uses import InUse
from apps.packs.versions import folder_of
from apps.runtimes.models import Runtime
from tests.factories import make_action, make_execution, make_rule, make_trigger_type, write_pack
from tests.factories.archives import files_of, tar_gz
from tests.factories.packs import ACTION
from tests.integration.core.web import reply, web
from tests.people import People

pytestmark = pytest.mark.usefixtures("committing_shell")


def install(source: Path, **options: Any) -> str:
    return install_pack(source, identity=None, **options).digest


def named(*names: str) -> dict[str, str]:
    files = {f"actions/{name}.yaml": ACTION.format(name=name) for name in names}
    return files | {f"actions/{name}.sh": f"echo {name}\n" for name in names}


def two_versions(folder: Path) -> tuple[str, str]:
    one = install(write_pack(folder / "one", files=named("deploy", "check")))
    return one, install(write_pack(folder / "two", version="2.0.0", files=named("deploy", "scale")))


def running(digest: str) -> Execution:
    """Of the pack's only action."""
    action = Action.objects.select_related("pack", "version").get(version__digest=digest)
    return make_execution(action, status=Status.RUNNING)


def serving(ref: str = "acme") -> str:
    return str(Pack.objects.select_related("current").get(ref=ref).current)


def ended(operation: Operation) -> Operation:
    run_operation(operation.pk)
    operation.refresh_from_db()
    return operation


def failed_with(operation: Operation) -> str:
    assert operation.error is not None, operation.outcome
    return str(operation.error["code"])


def test_a_rollback_brings_back_what_the_version_brought(tmp_path: Path, people: People) -> None:
    one, _ = two_versions(tmp_path)
    told: list[Any] = []

    def hear(*, payload: Any, **_: Any) -> None:
        told.append(payload)

    happened.connect(hear)
    operation = ended(request_rollback(people.administrator, pack_ref="acme"))
    happened.disconnect(hear)
    assert [payload["digest"] for payload in told] == [one], "so that its environments are looked after"
    assert operation.outcome == {
        "ref": "acme", "version": "1.0.0", "digest": one, "change": "rolled_back", "content": {"actions": 2},
        "source": "", "commit": "",
    }  # fmt: skip
    rows = Action.objects.order_by("ref").values_list("ref", "version__digest")
    assert list(rows) == [("acme.check", one), ("acme.deploy", one)]
    again = ended(request_rollback(people.administrator, pack_ref="acme", version="2.0.0"))
    assert (again.outcome or {})["change"] == "rolled_back"
    assert ended(request_rollback(people.administrator, pack_ref="acme", version=one[:12])).status == "succeeded"
    assert serving() == f"acme 1.0.0 ({one[:12]})"


@pytest.mark.parametrize("wanted", ["", "3.0.0", "abc", "0123456789abcdef"])
def test_a_version_that_is_not_kept_is_told_with_those_that_are(tmp_path: Path, people: People, wanted: str) -> None:
    one, two = two_versions(tmp_path)
    roll_back(people.administrator, pack=Pack.objects.get(), version=PackVersion.objects.get(digest=one))
    with pytest.raises(NoSuchVersion, match=f"2.0.0 \\({two[:12]}\\)"):
        request_rollback(people.administrator, pack_ref="acme", version=wanted)
    assert serving() == f"acme 1.0.0 ({one[:12]})"


def test_a_rollback_that_is_overtaken_changes_nothing(tmp_path: Path, people: People) -> None:
    two_versions(tmp_path)
    pack = Pack.objects.select_related("current").get()
    version = version_to_serve(pack)
    three = install(write_pack(tmp_path / "three", version="3.0.0"))
    with pytest.raises(Overtaken):
        roll_back(people.administrator, pack=pack, version=version)
    assert serving() == f"acme 3.0.0 ({three[:12]})"


def test_what_uses_a_pack_is_told_before_it_is_removed(tmp_path: Path, people: People) -> None:
    digest = install(write_pack(tmp_path / "acme"))
    install(write_pack(tmp_path / "needs", ref="needs", more="dependencies: [acme>=1.0]\n"))
    make_trigger_type()
    rule = make_rule(people.administrator, action="acme.deploy")
    make_action()
    in_it = make_rule(people.administrator, "of_other_things", pack_ref="acme")
    execution = running(digest)
    with pytest.raises(InUse) as refused:
        remove_pack(people.administrator, ref="acme")
    uses = refused.value.facts["uses"]
    assert {(use["kind"], use["name"]) for use in uses} == {
        ("pack", "needs"), ("rule", rule.ref), ("rule", in_it.ref), ("execution", str(execution.pk)),
    }  # fmt: skip
    assert refused.value.facts["count"] == 4
    assert Action.objects.filter(ref="acme.deploy").exists()


def test_what_is_pinned_to_a_removed_pack_keeps_its_version_until_its_end(tmp_path: Path, people: People) -> None:
    digest = install(write_pack(tmp_path / "acme"))
    running(digest)
    remove_pack(people.administrator, ref="acme", force=True)
    assert not Action.objects.exists()
    assert not Pack.objects.installed().exists()
    Pack.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    assert collect_pack_versions() == 0
    assert PackVersion.objects.get().digest == digest
    assert folder_of("acme", digest).is_dir()
    with pytest.raises(RemovedPackRuns):
        install(write_pack(tmp_path / "acme"))
    Execution.objects.update(status=Status.SUCCEEDED)
    assert collect_pack_versions() == 1
    assert not Pack.objects.exists()


def test_a_pack_that_is_installed_after_a_removal_is_another_one(tmp_path: Path, people: People) -> None:
    install(write_pack(tmp_path / "acme", version="2.0.0"))
    before = Pack.objects.get().uuid
    remove_pack(people.administrator, ref="acme")
    assert install(write_pack(tmp_path / "acme"))
    assert Pack.objects.get().uuid != before
    assert PackVersion.objects.count() == 1, "and may have a lower version"


def test_a_removed_packs_runtime_stays_as_long_as_something_may_start_in_it(tmp_path: Path, people: People) -> None:
    runtime = "name: own\ndetect: [[sh, --version]]\ncommand: [sh, '{entry_point}']\n"
    files = {"runtimes/own.yaml": runtime, "actions/a.yaml": "name: a\nruntime: own\nentry_point: a.x\n"}
    digest = install(write_pack(tmp_path / "acme", files={**files, "actions/a.x": "true\n"}))
    execution = running(digest)
    remove_pack(people.administrator, ref="acme", force=True)
    assert Runtime.objects.filter(name="own").exists()
    Execution.objects.filter(pk=execution.pk).update(status=Status.SUCCEEDED)
    Pack.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    collect_pack_versions()
    assert not Runtime.objects.filter(name="own").exists()


def test_a_runtime_that_others_use_holds_its_pack(tmp_path: Path, people: People) -> None:
    runtime = "name: own\ndetect: [[sh, --version]]\ncommand: [sh, '{entry_point}']\n"
    install(write_pack(tmp_path / "acme", files={"runtimes/own.yaml": runtime}))
    files = {"actions/a.yaml": "name: a\nruntime: own\nentry_point: a.x\n", "actions/a.x": "true\n"}
    install(write_pack(tmp_path / "other", ref="other", files=files))
    with pytest.raises(InUse, match=r"action other\.a is started in its runtime own"):
        remove_pack(people.administrator, ref="acme")


def test_a_runtime_that_others_use_is_not_lost_with_a_version(tmp_path: Path, people: People) -> None:
    runtime = "name: own\ndetect: [[sh, --version]]\ncommand: [sh, '{entry_point}']\n"
    without = install(write_pack(tmp_path / "zero", version="0.9.0"))
    install(write_pack(tmp_path / "one", files={"runtimes/own.yaml": runtime}))
    files = {"actions/a.yaml": "name: a\nruntime: own\nentry_point: a.x\n", "actions/a.x": "true\n"}
    install(write_pack(tmp_path / "other", ref="other", files=files))
    two = write_pack(tmp_path / "two", version="2.0.0")
    for dry_run in (True, False):
        with pytest.raises(InUse, match=r"action other\.a is started in its runtime own.*2\.0\.0 serves all the same"):
            install(two, dry_run=dry_run)
    pack = Pack.objects.get(ref="acme")
    with pytest.raises(InUse, match=r"action other\.a is started in its runtime own"):
        roll_back(people.administrator, pack=pack, version=version_to_serve(pack, without))
    assert Runtime.objects.filter(name="own").exists()
    install(two, force=True)
    assert not Runtime.objects.filter(name="own").exists()


def test_what_an_earlier_version_brought_is_no_runtime_for_the_next(tmp_path: Path) -> None:
    runtime = "name: own\nextensions: [.own]\ndetect: [[sh, --version]]\ncommand: [sh, '{entry_point}']\n"
    action = {"actions/a.yaml": "name: a\nruntime: own\nentry_point: a.own\n", "actions/a.own": "true\n"}
    install(write_pack(tmp_path / "one", files={"runtimes/own.yaml": runtime, **action}))
    with pytest.raises(PackInvalid) as refused:
        install(write_pack(tmp_path / "two", version="2.0.0", files=action))
    assert [error.detail for error in refused.value.errors] == ["there is no runtime own"]
    assert serving().startswith("acme 1.0.0")


def test_attunes_own_packs_stay(tmp_path: Path, people: People) -> None:
    install(write_pack(tmp_path / "examples", ref="examples"), own=True)
    with pytest.raises(PackOwn):
        remove_pack(people.administrator, ref="examples", force=True)


# Needed packs.


@contextmanager
def index_of(settings: LazySettings, folder: Path, *packs: tuple[str, str, str]) -> Iterator[None]:
    """An index of packs (ref, version, more of pack.yaml), which a server of this machine has."""
    sources = {f"/{ref}-{version}.tar.gz": (ref, version, more) for ref, version, more in packs}
    archives = {}
    for path, (ref, version, more) in sources.items():
        source = write_pack(folder / path[1:], ref=ref, version=version, more=more)
        archives[path] = reply(tar_gz(files_of(source)))
    with web(archives) as port:
        rows = [
            {"name": ref, "version": version, "source": f"http://127.0.0.1:{port}{path}"}
            for path, (ref, version, _) in sources.items()
        ]
        (folder / "index.json").write_text(json.dumps({"packs": rows}))
        settings.ATTUNE_PACK_INDEX_URL = str(folder / "index.json")
        settings.ATTUNE_FETCH_ALLOW = ["http://127.0.0.1"]
        yield


def test_needed_packs_come_from_the_index_in_the_best_version_that_fits(
    tmp_path: Path, settings: LazySettings, people: People
) -> None:
    source = write_pack(tmp_path / "acme", more="dependencies: ['lib>=1,<2']\n")
    packs = (
        ("lib", "1.2.0", ""),
        ("lib", "1.10.0", "dependencies: [base]\n"),
        ("lib", "2.0.0", ""),
        ("base", "1.0.0", ""),
    )
    with index_of(settings, tmp_path, *packs):
        trial = ended(request_installation(people.administrator, source=str(source), dry_run=True))
        assert (trial.status, Pack.objects.exists()) == ("succeeded", False), trial.error
        operation = ended(request_installation(people.administrator, source=str(source)))
    assert operation.status == "succeeded", operation.error
    assert "acme needs lib>=1,<2: 1.10.0 comes from the index" in operation.log
    assert {pack.ref: pack.current.version for pack in Pack.objects.select_related("current") if pack.current} == {
        "acme": "1.0.0", "lib": "1.10.0", "base": "1.0.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("packs", "code"),
    [
        ([("lib", "1.0.0", "dependencies: [acme]\n")], "dependency_cycle"),
        ([("lib", "1.0.0", "dependencies: [base]\n"), ("base", "1.0.0", "dependencies: [lib]\n")], "dependency_cycle"),
        ([("lib", "0.9.0", "")], "dependency_missing"),
        ([], "dependency_missing"),
    ],
)
def test_needed_packs_that_cannot_be_had_leave_everything_as_it_was(
    tmp_path: Path, settings: LazySettings, people: People, packs: list[tuple[str, str, str]], code: str
) -> None:
    source = write_pack(tmp_path / "acme", more="dependencies: ['lib>=1']\n")
    with index_of(settings, tmp_path, *packs):
        assert failed_with(ended(request_installation(people.administrator, source=str(source)))) == code
    assert not Pack.objects.exists()


def test_a_needed_pack_that_is_nowhere_is_told_with_its_line(tmp_path: Path, people: People) -> None:
    source = write_pack(tmp_path / "acme", more="dependencies: [core, lib>=1.2]\n")
    with pytest.raises(AttuneError) as refused:
        install_pack(source, identity=None)
    assert refused.value.code == "dependency_missing"
    assert [str(error) for error in refused.value.errors][-1] == "pack.yaml:3: lib>=1.2 is not installed"
    operation = ended(request_installation(people.administrator, source=str(source)))
    assert failed_with(operation) == "dependency_missing"
    assert "no index" in (operation.error or {})["detail"]
    assert not Pack.objects.exists()


def test_a_needed_pack_in_a_version_that_does_not_fit_is_told(tmp_path: Path, people: People) -> None:
    install(write_pack(tmp_path / "lib", ref="lib"))
    source = write_pack(tmp_path / "acme", more="dependencies: ['lib>=1.2']\n")
    operation = ended(request_installation(people.administrator, source=str(source)))
    assert "lib>=1.2 is installed as 1.0.0" in (operation.error or {})["detail"]
    install(write_pack(tmp_path / "lib2", ref="lib", version="1.10.0"))
    assert ended(request_installation(people.administrator, source=str(source))).status == "succeeded"


@pytest.mark.parametrize("text", ["acme", "acme>=1.0"])
def test_a_pack_that_needs_itself_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(AttuneError) as refused:
        install(write_pack(tmp_path, more=f"dependencies:\n  - '{text}'\n"))
    assert "pack.yaml:4: the pack depends on itself (leave it out)" in [str(error) for error in refused.value.errors]


@pytest.mark.parametrize("text", ["Lib", "lib =>1", "lib>=one", "https://x/y.git", "lib>=1,,<2"])
def test_what_names_no_pack_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(AttuneError) as refused:
        install(write_pack(tmp_path, more=f"dependencies:\n  - core\n  - '{text}'\n"))
    (error,) = refused.value.errors
    assert str(error).startswith("pack.yaml:5: ")


def test_a_pack_from_when_any_text_could_be_needed_stands_in_nobodys_way(tmp_path: Path, people: People) -> None:
    old = install(write_pack(tmp_path / "old", ref="old"))
    PackVersion.objects.filter(digest=old).update(manifest={"dependencies": ["https://x/y.git", "a"]})
    install(write_pack(tmp_path / "a", ref="a"))
    install(write_pack(tmp_path / "b", ref="b", more="dependencies: [a]\n"))
    remove_pack(people.administrator, ref="b")
    with pytest.raises(InUse, match="pack old needs a"):
        remove_pack(people.administrator, ref="a")


def test_packs_that_would_need_each_other_are_refused(tmp_path: Path) -> None:
    install(write_pack(tmp_path / "a", ref="a"))
    install(write_pack(tmp_path / "b", ref="b", more="dependencies: [a]\n"))
    install(write_pack(tmp_path / "c", ref="c", more="dependencies: [b]\n"))
    with pytest.raises(AttuneError, match="a → c → b → a") as refused:
        install(write_pack(tmp_path / "a2", ref="a", version="2.0.0", more="dependencies: [c]\n"))
    assert refused.value.code == "dependency_cycle"
    assert serving("a").startswith("a 1.0.0")


# Packs that need this one in other versions.


def needed_in(folder: Path, wanted: str) -> tuple[Path, Path]:
    """`lib` 1.0.0, then 2.0.0, which serves, and a pack that needs it as `wanted`; the folders of both versions."""
    one, two = (write_pack(folder / version, ref="lib", version=version) for version in ("1.0.0", "2.0.0"))
    install(one)
    install(two)
    install(write_pack(folder / "needs", ref="needs", more=f"dependencies: ['lib{wanted}']\n"))
    return one, two


def test_an_earlier_version_that_other_packs_do_not_take_is_refused_with_the_list(
    tmp_path: Path, people: People
) -> None:
    one, _ = needed_in(tmp_path, ">=1.5")
    with pytest.raises(InUse) as refused:
        request_rollback(people.administrator, pack_ref="lib")
    assert refused.value.facts["uses"] == [{"kind": "pack", "name": "needs", "text": "needs lib>=1.5"}]
    assert refused.value.detail == (
        "The pack lib is in use: pack needs needs lib>=1.5. With force 1.0.0 serves all the same."
    )
    for is_trial in (True, False):
        operation = ended(request_installation(people.administrator, source=str(one), dry_run=is_trial))
        assert failed_with(operation) == "in_use"
        assert (operation.error or {})["uses"] == refused.value.facts["uses"]
    assert serving("lib").startswith("lib 2.0.0")
    operation = ended(request_rollback(people.administrator, pack_ref="lib", force=True))
    assert (operation.status, serving("lib")[:9]) == ("succeeded", "lib 1.0.0")


def test_a_pack_that_came_to_need_the_newer_version_meanwhile_holds_it(tmp_path: Path, people: People) -> None:
    for version in ("1.0.0", "2.0.0"):
        install(write_pack(tmp_path / version, ref="lib", version=version))
    asked = request_rollback(people.administrator, pack_ref="lib")
    install(write_pack(tmp_path / "needs", ref="needs", more="dependencies: ['lib>=2']\n"))
    assert failed_with(ended(asked)) == "in_use"
    assert serving("lib").startswith("lib 2.0.0")


def test_a_newer_version_that_other_packs_do_not_take_is_refused_unless_forced(tmp_path: Path) -> None:
    needed_in(tmp_path, ">=1,<3")
    three = write_pack(tmp_path / "three", ref="lib", version="3.0.0")
    with pytest.raises(InUse, match="needs lib>=1,<3"):
        install(three)
    assert serving("lib").startswith("lib 2.0.0")
    install(write_pack(tmp_path / "fits", ref="lib", version="2.1.0"))
    install(three, force=True)
    install(write_pack(tmp_path / "four", ref="lib", version="4.0.0"))
    assert serving("lib").startswith("lib 4.0.0"), "what is broken already holds nothing"


def test_an_upgrade_asks_again_where_the_pack_came_from(tmp_path: Path, people: People) -> None:
    source = write_pack(tmp_path / "acme")
    ended(request_installation(people.administrator, source=str(source)))
    write_pack(tmp_path / "acme", version="1.1.0")
    trial = ended(request_upgrade(people.administrator, pack_ref="acme", dry_run=True))
    assert (trial.outcome or {})["diff"] == {"files": {"added": [], "changed": ["pack.yaml"], "removed": []}}
    assert serving().startswith("acme 1.0.0")
    operation = ended(request_upgrade(people.administrator, pack_ref="acme"))
    assert (operation.kind, (operation.outcome or {})["change"]) == ("pack.upgrade", "upgraded")
    write_pack(tmp_path / "acme", ref="other")
    assert failed_with(ended(request_upgrade(people.administrator, pack_ref="acme"))) == "other_pack"
    install(write_pack(tmp_path / "own", ref="own"))
    with pytest.raises(AttuneError, match="Nobody knows") as refused:
        request_upgrade(people.administrator, pack_ref="own")
    assert refused.value.code == "no_source"


def test_an_upgrade_asks_where_the_same_content_was_installed_from_last(tmp_path: Path, people: People) -> None:
    source = write_pack(tmp_path / "acme")
    install(source)
    trial = ended(request_installation(people.administrator, source=str(source), dry_run=True))
    assert (trial.outcome or {})["change"] == "unchanged"
    with pytest.raises(AttuneError, match="Nobody knows"):
        request_upgrade(people.administrator, pack_ref="acme")
    assert (ended(request_installation(people.administrator, source=str(source))).outcome or {})[
        "change"
    ] == "unchanged"
    two = write_pack(tmp_path / "two", version="1.1.0")
    install(two)
    install(source, force=True)  # nowhere to ask: what is known stays
    assert (ended(request_upgrade(people.administrator, pack_ref="acme")).outcome or {})["change"] == "unchanged"
    ended(request_installation(people.administrator, source=str(two)))
    assert (ended(request_upgrade(people.administrator, pack_ref="acme")).outcome or {})["version"] == "1.1.0"


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_stands_in_the_place_of_pack_yaml_is_neither_followed_nor_waited_for(
    tmp_path: Path, people: People, kind: str
) -> None:
    source = write_pack(tmp_path / "acme")
    (source / "pack.yaml").unlink()
    if kind == "pipe":
        os.mkfifo(source / "pack.yaml")
    elif kind == "link":
        (tmp_path / "elsewhere.yaml").write_text("ref: acme\nversion: 1.0.0\n")
        (source / "pack.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    else:
        (source / "pack.yaml").mkdir()
    assert failed_with(ended(request_installation(people.administrator, source=str(source)))) == "pack_invalid"
    assert not Pack.objects.exists()
