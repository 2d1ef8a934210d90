"""Triggers and rules of packs: written as rows, complained of with their line, run by the pack's own account."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from apps.accounts.models import Identity
from apps.packs.loader import PackInvalid, load_pack
from apps.packs.services.install import install_pack
from apps.packs.services.manage import set_pack_enabled
from apps.rules.models import Enforcement, Rule
from apps.rules.processing import judge_open
from apps.rules.services.explain import verdicts_of
from apps.rules.services.rules import RuleOfPack, remove_rule, update_rule
from apps.triggers.models import TriggerType
from tests.conductor import process_open
from tests.factories import make_action, make_event, make_rule, make_runtimes, make_trigger_type, write_pack
from tests.factories.packs import ACTION
from tests.people import People

FILES = {
    "actions/deploy.yaml": ACTION.format(name="deploy") + "parameters:\n  host: {type: string}\n",
    "actions/deploy.sh": "true\n",
    "triggers/pushed.yaml": "name: pushed\npayload_schema: {type: object, required: [host]}\n",
    "rules/on_push.yaml": "name: on_push\ntrigger: {type: acme.pushed}\n"
    'action: {ref: acme.deploy, parameters: {host: "{{ trigger.host }}"}}\n',
}


@pytest.fixture(autouse=True)
def shell(people: People, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")
    make_runtimes("shell")


def install(folder: Path, version: str = "1.0.0", **changes: str | None) -> None:
    """The pack, with files whose names are written with `__` for `/` replaced or left out."""
    files: dict[str, str | None] = {**FILES, **{f"{n.replace('__', '/')}.yaml": text for n, text in changes.items()}}
    kept = {name: text for name, text in files.items() if text is not None}
    install_pack(write_pack(folder / version, version=version, files=kept), identity=None)


def test_a_rule_of_a_pack_runs_the_packs_own_action_as_the_packs_account(tmp_path: Path) -> None:
    install(tmp_path)
    make_event({"host": "web1"}, type_ref="acme.pushed")
    process_open()
    enforcement = Enforcement.objects.select_related("rule__owner", "execution").get()
    assert enforcement.status == "started", enforcement.reason
    assert enforcement.execution is not None
    assert (enforcement.execution.action_ref, enforcement.rule.owner.username) == ("acme.deploy", "pack:acme")
    account = Identity.objects.get(username="pack:acme")
    assert (account.is_service, account.is_superuser) == (True, False)


def test_an_action_of_another_pack_has_to_be_granted(tmp_path: Path) -> None:
    make_action()
    install(tmp_path, rules__on_push="name: on_push\ntrigger: {type: acme.pushed}\naction: {ref: demo.deploy}\n")
    make_event({"host": "web1"}, type_ref="acme.pushed")
    process_open()
    enforcement = Enforcement.objects.get()
    assert enforcement.status == "failed"
    assert enforcement.reason is not None
    assert enforcement.reason["code"] == "unknown_action"


def test_reloading_changes_what_changed_and_retires_what_is_gone(tmp_path: Path) -> None:
    install(tmp_path)
    install(tmp_path, "1.0.1", rules__second="name: second\ntrigger: {type: acme.pushed}\naction: {ref: acme.deploy}\n")
    assert Rule.objects.get(ref="acme.on_push").version == 1
    install(tmp_path, "1.0.2", rules__on_push=f"{FILES['rules/on_push.yaml']}overlap: skip\n")
    rules = {rule.ref: rule for rule in Rule.objects.all()}
    assert (rules["acme.on_push"].version, rules["acme.on_push"].overlap) == (2, "skip")
    assert (rules["acme.second"].is_removed, rules["acme.second"].is_enabled) == (True, False)
    assert rules["acme.on_push"].trigger.is_listened
    install(tmp_path, "1.0.3", rules__on_push=None, triggers__pushed=None)
    assert not Rule.objects.in_force().exists()
    assert TriggerType.objects.get(ref="acme.pushed").is_removed
    assert not Rule.objects.get(ref="acme.on_push").trigger.is_listened


def test_what_runs_when_a_new_version_limits_the_overlap_counts(tmp_path: Path) -> None:
    install(tmp_path)
    make_event({"host": "web1"}, type_ref="acme.pushed")
    process_open()
    install(tmp_path, "1.0.1", rules__on_push=f"{FILES['rules/on_push.yaml']}overlap: skip\n")
    make_event({"host": "web1"}, type_ref="acme.pushed")
    process_open()
    assert [row.status for row in Enforcement.objects.order_by("pk")] == ["started", "skipped"]


def test_the_operators_switch_outlives_an_upgrade_and_nothing_else_can_be_changed(
    tmp_path: Path, people: People
) -> None:
    install(tmp_path)
    rule = update_rule(people.administrator, Rule.objects.get(), {"is_enabled": False})
    install(tmp_path, "1.0.1", rules__on_push=f"{FILES['rules/on_push.yaml']}overlap: skip\n")
    rule.refresh_from_db()
    assert (rule.is_enabled, rule.version) == (False, 2)
    with pytest.raises(RuleOfPack):
        update_rule(people.administrator, rule, {"criteria": {}})
    with pytest.raises(RuleOfPack):
        remove_rule(people.administrator, rule)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("name: r\ntrigger: {type: acme.nothing}\naction: {ref: acme.deploy}\n", "r.yaml:2: there is no trigger"),
        ("name: r\ntrigger: {type: acme.pushed}\naction: {ref: acme.nothing}\n", "r.yaml:3: there is no action"),
        ("name: r\ntrigger: {type: acme.pushed, parameters: {x: 1}}\naction: {ref: acme.deploy}\n", "r.yaml:2: acme."),
        (
            "name: r\ntrigger: {type: acme.pushed}\naction: {ref: acme.deploy, parameters: {port: 1}}\n",
            "r.yaml:3: port is not a known name",
        ),
        (
            "name: r\ntrigger: {type: acme.pushed}\naction: {ref: acme.deploy}\ncriteria: {trigger.x: {type: odd}}\n",
            "r.yaml:4: ",
        ),
        ("name: r\ntrigger: {type: acme.pushed}\naction: {ref: acme.deploy}\nkind: odd\n", "r.yaml:4: kind"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_line(tmp_path: Path, rule: str, said: str) -> None:
    with pytest.raises(PackInvalid) as refused:
        load_pack(write_pack(tmp_path, files={**FILES, "rules/r.yaml": rule}))
    assert any(str(error).removeprefix("rules/").startswith(said) for error in refused.value.errors), (
        refused.value.errors
    )


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("name: pushed\n", "the name pushed is taken"),
        ("name: t\npayload_schema: {type: odd}\n", "no JSON Schema"),
        ("name: t\naliases: [core.st2.webhook]\n", "only Attune's own"),
        ("name: t\nodd: 1\n", "odd"),
    ],
)
def test_what_is_wrong_with_a_trigger_is_said(tmp_path: Path, trigger: str, said: str) -> None:
    with pytest.raises(PackInvalid) as refused:
        load_pack(write_pack(tmp_path, files={**FILES, "triggers/t.yaml": trigger}))
    assert said in str(refused.value.errors[0])


def test_attunes_own_triggers_are_well_formed() -> None:
    loaded = load_pack(django_settings.BASE_DIR / "packs/core")
    refs = {item.ref for item in loaded.content["triggers"]}
    for item in loaded.content["triggers"]:  # a comma in a flow mapping cuts a text, and makes a key of the rest
        for schema in (item.parameters_schema, item.payload_schema):
            assert None not in [said for facts in schema.get("properties", {}).values() for said in facts.values()], (
                item.ref
            )
    assert {"core.execution_finished", "core.worker_lost", "core.alert", "core.key_changed"} <= refs


def test_rules_of_a_disabled_pack_do_nothing_whoever_made_them(tmp_path: Path, people: People) -> None:
    make_action()
    make_trigger_type()
    install(tmp_path)
    made = make_rule(people.administrator, name="by_hand", pack_ref="acme")
    set_pack_enabled(people.administrator, ref="acme", enabled=False)
    assert not Rule.objects.get(ref="acme.on_push").trigger.is_listened
    later = make_rule(people.administrator, name="later", pack_ref="acme")
    of_another = make_rule(people.administrator, name="another")
    make_event({"host": "web1"}, type_ref="acme.pushed")
    event = make_event()
    process_open()
    assert [row.rule.ref for row in Enforcement.objects.select_related("rule")] == [of_another.ref]
    outcomes = {row["rule"]: (row["outcome"], row["text"]) for row in verdicts_of(people.administrator, event)}
    off = ("disabled", "the rule or its pack was disabled")
    assert {outcomes[made.ref], outcomes[later.ref]} == {off}

    set_pack_enabled(people.administrator, ref="acme", enabled=True)
    assert Rule.objects.get(ref="acme.on_push").trigger.is_listened
    make_event({"host": "web1"}, type_ref="acme.pushed")
    process_open()
    assert Enforcement.objects.filter(rule__ref="acme.on_push").count() == 1


def test_a_new_version_of_a_disabled_pack_brings_rules_that_do_nothing(tmp_path: Path, people: People) -> None:
    install(tmp_path)
    set_pack_enabled(people.administrator, ref="acme", enabled=False)
    install(tmp_path, "1.0.1", rules__second="name: second\ntrigger: {type: acme.pushed}\naction: {ref: acme.deploy}\n")
    assert [rule.is_active for rule in Rule.objects.all()] == [False, False]
    assert not Rule.objects.get(ref="acme.second").trigger.is_listened


def test_what_matched_before_its_pack_was_disabled_does_not_start(tmp_path: Path, people: People) -> None:
    install(tmp_path)
    for _ in range(2):
        make_event({"host": "web1"}, type_ref="acme.pushed")
    judge_open(limit=50)
    set_pack_enabled(people.administrator, ref="acme", enabled=False)
    process_open()
    reasons = [(row.status, (row.reason or {}).get("code")) for row in Enforcement.objects.all()]
    assert reasons == [("skipped", "rule_disabled")] * 2


def test_a_rule_made_by_hand_where_one_of_a_file_was_is_whose_who_made_it(tmp_path: Path, people: People) -> None:
    install(tmp_path)
    install(tmp_path, "1.0.1", rules__on_push=None)
    rule = make_rule(people.administrator, pack_ref="acme", trigger="acme.pushed", action="acme.deploy")
    update_rule(people.administrator, rule, {"description": "by hand"})
    install(tmp_path, "1.0.2", rules__on_push=None)
    assert not Rule.objects.get(ref="acme.on_push").is_removed
