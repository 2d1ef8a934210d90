import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.actions.models import Action, ActionDefinition
from apps.core.errors import AttuneError, Invalid
from apps.core.signals import happened
from apps.executions.models import Policy
from apps.packs import content, versions
from apps.packs.loader import PackInvalid, RefTaken
from apps.packs.models import Pack, PackVersion
from apps.packs.services.changes import Change, Overtaken, VersionLower, VersionTaken
from apps.packs.services.install import Installed, install_pack
from tests.factories import write_pack
from tests.factories.packs import ACTION
from tests.people import People
from tests.threads import race

pytestmark = pytest.mark.usefixtures("committing_shell")


def install(source: Path, *, force: bool = False, dry_run: bool = False, own: bool = False) -> Installed:
    return install_pack(source, identity=None, force=force, dry_run=dry_run, own=own)


def serving() -> list[tuple[str, str, str]]:
    rows = Pack.objects.order_by("ref").values_list("ref", "current__version", "current__digest")
    return [(ref, str(version), str(digest)) for ref, version, digest in rows]


def everything() -> list[object]:
    """All that installing a pack may write."""
    models = (Pack, PackVersion, Action, ActionDefinition, Policy)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def test_the_first_installation_serves_with_all_its_actions(tmp_path: Path, people: People) -> None:
    source = write_pack(tmp_path / "acme", more="label: Acme\nkeywords: [web]\n")
    steps: list[tuple[str, int]] = []
    installed = install_pack(source, identity=people.owner, tell=lambda step, percent: steps.append((step, percent)))
    assert (installed.ref, installed.version, installed.change) == ("acme", "1.0.0", "installed")
    assert installed.content == {"actions": 1}
    assert steps == [("copy", 5), ("check", 30), ("keep", 50), ("register", 70)]
    pack = Pack.objects.select_related("current").get()
    assert pack.current is not None
    assert (pack.label, pack.current.digest, pack.current.installed_by) == ("Acme", installed.digest, people.owner)
    assert versions.folder_of("acme", installed.digest).is_dir()
    assert Action.objects.get().ref == "acme.deploy"


def test_the_same_content_again_changes_nothing(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "acme")
    install(source)
    before = everything()
    assert install(source).change == "unchanged"
    assert everything() == before


def test_a_new_version_replaces_what_serves_and_removes_what_is_gone(tmp_path: Path) -> None:
    files = {f"actions/{name}.yaml": ACTION.format(name=name) for name in ("a", "b")}
    files |= {f"actions/{name}.sh": "true\n" for name in ("a", "b")}
    install(write_pack(tmp_path / "one", files=files))
    del files["actions/a.yaml"]
    installed = install(write_pack(tmp_path / "two", version="1.1.0", files=files))
    assert installed.change == "upgraded"
    assert [action.ref for action in Action.objects.all()] == ["acme.b"]
    assert PackVersion.objects.count() == 2


def test_operators_switches_and_the_ids_of_policies_outlive_an_upgrade(tmp_path: Path) -> None:
    limited = ACTION.format(name="deploy") + "concurrency: {{limit: {limit}}}\n"
    files = {"actions/deploy.yaml": limited.format(limit=1), "actions/deploy.sh": "true\n"}
    install(write_pack(tmp_path / "one", files=files))
    Action.objects.update(enabled_override=False)
    policy = Policy.objects.get()
    files["actions/deploy.yaml"] = limited.format(limit=2)
    install(write_pack(tmp_path / "two", version="2.0.0", files=files))
    assert Action.objects.get().enabled_override is False
    assert (Policy.objects.get().pk, Policy.objects.get().limit) == (policy.pk, 2)


def test_a_taken_version_is_refused_with_its_line_and_replaced_by_force(tmp_path: Path) -> None:
    install(write_pack(tmp_path / "one"))
    before = everything()
    other = write_pack(tmp_path / "two", files={"README.md": "other\n"})
    with pytest.raises(VersionTaken, match="force") as refused:
        install(other)
    assert [str(error).partition(" ")[0] for error in refused.value.errors] == ["pack.yaml:2:"]
    assert everything() == before
    assert install(other, force=True).change == "replaced"
    assert not Action.objects.exists()


def test_a_lower_version_is_refused_with_its_line_and_comes_back_as_it_was_by_force(tmp_path: Path) -> None:
    one, two = write_pack(tmp_path / "one", version="1.9.0"), write_pack(tmp_path / "two", version="1.10.0")
    first = install(one)
    install(two)
    before = everything()
    with pytest.raises(VersionLower, match="force") as refused:
        install(one)
    assert str(refused.value.errors[0]).startswith("pack.yaml:2: ")
    assert everything() == before
    again = install(one, force=True)
    assert (again.digest, again.change) == (first.digest, Change.DOWNGRADED)
    assert serving() == [("acme", "1.9.0", first.digest)]
    assert PackVersion.objects.count() == 2


@pytest.mark.parametrize("ref", ["core", "examples", "install"])
def test_a_reserved_ref_is_refused_with_its_line_but_is_attunes_own(tmp_path: Path, ref: str) -> None:
    source = write_pack(tmp_path / "mine", ref=ref)
    with pytest.raises(RefTaken) as refused:
        install(source)
    assert str(refused.value.errors[0]).startswith("pack.yaml:1: ")
    assert not Pack.objects.exists()
    assert install(source, own=True).ref == ref


def test_a_second_ref_with_the_same_name_on_disk_is_refused_with_its_line(tmp_path: Path) -> None:
    install(write_pack(tmp_path / "one", ref="acme.web"))
    before = everything()
    with pytest.raises(RefTaken, match=r"acme\.web") as refused:
        install(write_pack(tmp_path / "two", ref="acme_web"), force=True)
    assert str(refused.value.errors[0]).startswith("pack.yaml:1: ")
    assert everything() == before


@pytest.mark.parametrize("first", ["acme", "acme.web"])
def test_an_action_cannot_take_the_ref_of_another_packs_action(tmp_path: Path, first: str) -> None:
    def pack(ref: str, name: str) -> Path:
        files = {"actions/a.yaml": f"runtime: shell\nname: {name}\nentry_point: a.sh\n", "actions/a.sh": "true\n"}
        return write_pack(tmp_path / ref, ref=ref, files=files)

    packs = {"acme": pack("acme", "web.deploy"), "acme.web": pack("acme.web", "deploy")}
    install(packs.pop(first))
    before = everything()
    (second,) = packs.values()
    with pytest.raises(PackInvalid) as refused:
        install(second)
    (error,) = refused.value.errors
    assert str(error).startswith("actions/a.yaml:2: ")
    assert f"the pack {first} has an action acme.web.deploy" in str(error)
    assert everything() == before


def test_a_dry_run_checks_everything_and_changes_nothing(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "acme")
    before = everything()
    said = install(source, dry_run=True)
    assert (said.change, said.content) == ("installed", {"actions": 1})
    assert everything() == before
    assert not versions.folder_of("acme", said.digest).exists()
    install(source)
    changed = write_pack(tmp_path / "changed", more="label: x\n")
    with pytest.raises(VersionTaken):
        install(changed, dry_run=True)
    assert install(changed, dry_run=True, force=True).change == "replaced"
    assert serving()[0][2] == said.digest


@pytest.mark.parametrize("source", ["relative/folder", "/nowhere", "/etc/passwd", "/" + "a" * 300, "/nul\0"])
def test_a_folder_that_is_none_is_said_to_be_none(source: str) -> None:
    with pytest.raises(Invalid, match="not a folder on this server"):
        install(Path(source))
    assert not Pack.objects.exists()


def test_what_served_goes_on_serving_when_the_new_version_is_broken(tmp_path: Path) -> None:
    install(write_pack(tmp_path / "one"))
    before = everything()
    with pytest.raises(PackInvalid):
        install(write_pack(tmp_path / "two", version="2.0.0", more="colour: red\n"))
    assert everything() == before


def test_a_failure_in_the_last_step_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(write_pack(tmp_path / "one"))
    before, announced = everything(), []

    def fail(version: PackVersion) -> None:
        raise AttuneError("no room left")

    def hear(**facts: object) -> None:
        announced.append(facts["subject"])

    happened.connect(hear)
    monkeypatch.setattr(content, "_followers", [*content.followers(), fail])
    with pytest.raises(AttuneError, match="no room"):
        install(write_pack(tmp_path / "two", version="2.0.0"))
    happened.disconnect(hear)
    assert everything() == before
    assert announced == []


def outcome_of(deed: Callable[[], Installed]) -> str:
    try:
        return deed().change
    except AttuneError as error:
        return error.code


def test_two_installations_of_one_version_with_other_content_let_one_win(tmp_path: Path) -> None:
    sources = [write_pack(tmp_path / str(number), more=f"label: number {number}\n") for number in range(2)]
    outcomes = race(2, lambda index: outcome_of(lambda: install(sources[index])))
    assert sorted(outcomes) == ["installed", "version_taken"]
    assert PackVersion.objects.count() == 1
    assert Pack.objects.get().label == f"number {outcomes.index('installed')}"


def test_two_installations_of_different_versions_at_once_let_one_win(tmp_path: Path) -> None:
    install(write_pack(tmp_path / "first"))
    sources = [write_pack(tmp_path / version, version=version) for version in ("1.1.0", "1.2.0")]
    met = threading.Barrier(2, timeout=30)

    def deed(index: int) -> str:
        def meet(step: str, percent: int) -> None:
            if step == "register":
                met.wait()

        return outcome_of(lambda: install_pack(sources[index], identity=None, tell=meet))

    outcomes = race(2, deed)
    assert outcomes.count("upgraded") == 1
    assert set(outcomes) <= {"upgraded", Overtaken.code, VersionLower.code}
    assert serving()[0][1] == ("1.1.0", "1.2.0")[outcomes.index("upgraded")]


def test_two_installations_of_the_same_content_both_succeed(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "acme")
    outcomes = race(3, lambda index: outcome_of(lambda: install(source)))
    assert set(outcomes) <= {"installed", "unchanged"}
    assert (PackVersion.objects.count(), Action.objects.count()) == (1, 1)


def test_two_packs_that_want_one_name_on_disk_let_one_win(tmp_path: Path) -> None:
    sources = [write_pack(tmp_path / ref, ref=ref) for ref in ("acme.web", "acme_web")]
    outcomes = race(2, lambda index: outcome_of(lambda: install(sources[index])))
    assert sorted(outcomes) == ["installed", "ref_taken"]
    assert Pack.objects.count() == 1


def test_two_packs_that_want_one_action_let_one_win(tmp_path: Path) -> None:
    sources = []
    for ref, name in (("acme", "web.deploy"), ("acme.web", "deploy")):
        files = {"actions/a.yaml": f"runtime: shell\nname: {name}\nentry_point: a.sh\n", "actions/a.sh": "true\n"}
        sources.append(write_pack(tmp_path / ref, ref=ref, files=files))
    outcomes = race(2, lambda index: outcome_of(lambda: install(sources[index])))
    assert "installed" in outcomes
    assert set(outcomes) <= {"installed", "action_taken", "pack_invalid"}
    action = Action.objects.select_related("pack", "version__pack").get()
    assert action.pack == action.version.pack == Pack.objects.get()
