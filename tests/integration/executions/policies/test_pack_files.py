import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from apps.core.types import JsonObject
from apps.executions.models import Policy
from apps.executions.policies import pack_files
from apps.executions.policies.idle import collect_removed_policies
from apps.executions.policies.pack_files import PolicyFile
from apps.executions.policies.services import set_limit
from apps.packs.loader import PackInvalid, load_pack
from apps.packs.services.install import Installed, install_pack
from tests.asking import ask
from tests.factories import make_runtimes, write_pack
from tests.factories.packs import ACTION
from tests.people import People

DEPLOY = {
    "actions/deploy.yaml": ACTION.format(name="deploy")
    + "parameters:\n  host: {type: string}\n  token: {type: string, secret: true}\n",
    "actions/deploy.sh": "true\n",
}
GENTLE = 'name: gentle\nkind: rate\naction: deploy\nlimit: 5\nwindow_s: 60\nkey: "{{ host }}"\n'


@pytest.fixture(autouse=True)
def shell(people: People, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")
    make_runtimes("shell")


def install(folder: Path, *policies: str, version: str = "1.0.0") -> Installed:
    files = {**DEPLOY, **{f"policies/{index}.yaml": text for index, text in enumerate(policies)}}
    return install_pack(write_pack(folder / version, version=version, files=files), identity=None)


def mistakes(folder: Path, *policies: str) -> list[str]:
    files = {**DEPLOY, **{f"policies/{index}.yaml": text for index, text in enumerate(policies)}}
    with pytest.raises(PackInvalid) as refused:
        load_pack(write_pack(folder, files=files))
    return [str(error).removeprefix("policies/") for error in refused.value.errors]


def names() -> list[str]:
    return list(Policy.objects.in_force().order_by("name").values_list("name", flat=True))


def test_files_of_every_kind_become_policies(tmp_path: Path, people: People) -> None:
    found = install(
        tmp_path,
        GENTLE,
        "name: few\nkind: concurrency\nlimit: 3\n",
        "name: again\nkind: retry\nretry: {max_attempts: 2}\n",
        "name: quick\nkind: timeout\naction: deploy\ntimeout_s: 7.5\n",
    )
    assert found.content["policies"] == 4
    assert names() == ["acme.again", "acme.few", "acme.gentle", "acme.quick"]
    gentle = Policy.objects.get(name="acme.gentle")
    assert (gentle.kind, gentle.scope, gentle.subject, gentle.source) == ("rate", "action", "acme.deploy", "pack")
    few = Policy.objects.get(name="acme.few")
    assert (few.scope, few.subject, few.when_full) == ("pack", "acme", "queue")
    from apps.actions.models import Action

    (row,) = ask(people, Action.objects.get())
    assert (row.timeout_s, row.max_attempts, len(row.later_gates)) == (7.5, 2, 1)


def test_ids_and_moved_limits_outlive_an_upgrade_and_what_is_left_out_is_taken_back(tmp_path: Path) -> None:
    install(tmp_path, GENTLE + "max_waiting: 9\n")
    policy = Policy.objects.get()
    set_limit(policy, 50)
    install(tmp_path, GENTLE.replace("60", "30"), version="2.0.0")
    again = Policy.objects.get()
    assert (again.pk, again.window_s, again.max_waiting) == (policy.pk, 30, None)
    assert (again.limit, again.limit_in_force) == (5, 50)
    version = again.limit_version
    install(tmp_path, GENTLE.replace("60", "30"), "name: few\nkind: concurrency\nlimit: 3\n", version="3.0.0")
    assert Policy.objects.get(pk=policy.pk).limit_version == version


def test_a_file_that_is_gone_retires_its_policy_until_it_comes_back(tmp_path: Path) -> None:
    install(tmp_path, GENTLE)
    policy = Policy.objects.get()
    install(tmp_path, version="2.0.0")
    assert (names(), Policy.objects.get().is_removed) == ([], True)
    install(tmp_path, GENTLE, version="3.0.0")
    assert (Policy.objects.get().pk, names()) == (policy.pk, ["acme.gentle"])


def test_one_that_comes_back_is_not_collected_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, GENTLE)
    install(tmp_path, version="2.0.0")
    Policy.objects.update(updated_at=Now() - timedelta(hours=2))

    def collect() -> None:
        with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            collect_removed_policies()
        connection.close()

    def collect_and_go_on(item: PolicyFile, pack_ref: str) -> JsonObject:
        scheduler = threading.Thread(target=collect)
        scheduler.start()
        scheduler.join()
        return real(item, pack_ref)

    real = pack_files._columns
    monkeypatch.setattr(pack_files, "_columns", collect_and_go_on)
    install(tmp_path, GENTLE, version="3.0.0")
    assert names() == ["acme.gentle"]


def test_a_policy_of_another_kind_is_another_policy(tmp_path: Path) -> None:
    install(tmp_path, GENTLE)
    install(tmp_path, "name: gentle\nkind: concurrency\nlimit: 5\n", version="2.0.0")
    rows = Policy.objects.order_by("pk").values_list("kind", "is_removed")
    assert list(rows) == [("rate", True), ("concurrency", False)]
    install(tmp_path, GENTLE, version="3.0.0")
    rows = Policy.objects.order_by("pk").values_list("kind", "is_removed")
    assert list(rows) == [("rate", False), ("concurrency", True)]


def test_every_mistake_of_every_file_is_told_with_its_line(tmp_path: Path) -> None:
    again = "name: again\nkind: retry\nretry: {max_attempts: 2}\n"
    found = mistakes(
        tmp_path,
        "name: a\nkind: rate\nlimit: -1\nwindow_s: 0\n",
        "name: b\nkind: rate\nlimit: 5\n",
        'name: c\nkind: concurrency\nlimit: 5\naction: gone\nkey: "{{ nobody }}"\n',
        'name: d\nkind: concurrency\nlimit: 5\naction: deploy\nkey: "{{ token }}"\n',
        'name: e\nkind: concurrency\nlimit: 5\nwhen_full: reject\nmax_waiting: 3\nkey: ""\n',
        again,
        again,
        "name: f\nkind: retry\nretry: {max_attempts: 2, delay_s: 5, max_delay_s: 1}\nscope: system\n",
        "name: g\nkind: timeout\ntimeout_s: yes\n",
        "kind: sometimes\n",
        'name: h\nkind: concurrency\nlimit: 5\nkey: "{{ nobody }}"\n',
    )
    places = [error.partition(": ")[0] for error in found]
    assert places == [
        "0.yaml:3", "0.yaml:4", "1.yaml:1", "10.yaml:4", "2.yaml:4", "3.yaml:5", "4.yaml:6", "6.yaml:1", "6.yaml:2",
        "7.yaml:4", "8.yaml:3", "9.yaml:1", "9.yaml:1",
    ]  # fmt: skip
    assert "there is no action gone in this pack (one of: deploy)" in found[4]
    assert "window_s" in found[2]


@pytest.mark.parametrize("text", ["", "5\n", "[]\n", "name: [a]\nkind: {a: b}\n", "name: a\nname: b\nkind: rate\n"])
def test_a_file_that_is_no_policy_is_told_and_not_read(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text)


def test_an_actions_own_limit_may_not_contradict_itself(tmp_path: Path) -> None:
    text = DEPLOY["actions/deploy.yaml"] + "concurrency: {limit: 1, when_full: reject, max_waiting: 3}\n"
    with pytest.raises(PackInvalid) as refused:
        load_pack(write_pack(tmp_path, files={**DEPLOY, "actions/deploy.yaml": text}))
    assert "max_waiting means nothing" in str(refused.value.errors[0])
