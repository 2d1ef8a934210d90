"""Rules in the console: the list, one rule and why it did not run, its form with the builder, the tester."""

from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.console.schema_form.fields import as_text, in_order
from apps.packs.loader import load_pack
from apps.packs.services.manage import set_pack_enabled
from apps.rules.models import Rule
from apps.triggers.models import Event
from tests.conductor import process_open
from tests.factories import make_action, make_event, make_rule, make_trigger_type
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People, make_identity

LIST = "/admin/rules/"
NEW = f"{LIST}form/new/"
TRY = f"{LIST}form/try/"
MARKUP = "<img src=x onerror=alert(1)>"
WEB = {"trigger.host": {"type": "startswith", "pattern": "web"}}
ROW = {"c.kind": ["criterion"], "c.path": ["trigger.host"], "c.operator": ["startswith"], "c.pattern": ["web"]}
GOOD: dict[str, Any] = {
    "name": "on_web", "pack": "", "description": "", "trigger": "demo.pushed", "action": "demo.deploy", "owner": "",
    "kind": "standard", "overlap": "allow", "labels": "team=web", "is_enabled": "1", "a.host": "{{ trigger.host }}",
    "p.branch": "main", "c.condition": [""], **ROW,
}  # fmt: skip


@pytest.fixture(autouse=True)
def pushed(people: People) -> None:
    schema = {"type": "object", "properties": {"branch": {"type": "string"}}, "additionalProperties": False}
    payload = {"type": "object", "properties": {"host": {}}}
    make_trigger_type(parameters_schema=schema, payload_schema=payload, description="Somebody pushed.")
    make_action(
        parameters={
            "host": {"type": "string"}, "ports": {"type": "array"}, "count": {"type": "integer"},
            "token": {"type": "string", "secret": True}, "mode": {"enum": ["safe", "fast", "1"]},
        }
    )  # fmt: skip


@pytest.fixture
def owner(people: People, visit: Visit) -> Client:
    return visit(people.owner)


def rows(*found: tuple[str, str, str] | str) -> dict[str, list[str]]:
    """As the builder sends them: criteria, and the beginnings and ends of groups."""
    criteria = [row for row in found if isinstance(row, tuple)]
    return {
        "c.kind": [row if isinstance(row, str) else "criterion" for row in found],
        "c.path": [row[0] for row in criteria],
        "c.operator": [row[1] for row in criteria],
        "c.pattern": [row[2] for row in criteria],
        "c.condition": ["any" for _ in criteria],
    }


class TestList:
    def test_it_tells_state_and_the_last_time_and_asks_the_same_however_long_it_is(
        self, people: People, owner: Client
    ) -> None:
        make_rule(people.owner, description=MARKUP)
        before = statements_of(owner, LIST)
        for number in range(20):
            make_rule(people.owner, f"other{number}", is_enabled=False)
        make_event()
        process_open()
        text = look(owner, LIST)
        assert MARKUP not in text
        assert "disabled" in text
        assert "started" in text
        assert statements_of(owner, LIST) == before <= MOST_STATEMENTS

    @pytest.mark.parametrize("address", [LIST, "/admin/events/?rule=rare", "/api/v1/events?rule=rare"])
    def test_what_a_rule_did_is_found_without_looking_through_what_another_did(
        self, people: People, owner: Client, address: str
    ) -> None:
        busy = make_rule(people.owner, "busy")
        make_rule(people.owner, "rare")
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH event AS (
                    INSERT INTO triggers_event (type_ref, pack_ref, digest, source, parameters, payload, trace_id,
                                                source_ref, processed_at)
                    SELECT 'demo.pushed', 'demo', '', 'api', '{}', '{}', gen_random_uuid(), '', now()
                      FROM generate_series(1, 5000) RETURNING id
                )
                INSERT INTO rules_enforcement (event_id, rule_id, rule_version, status, parameters, attempt)
                SELECT id, %s, 1, 'skipped', '{}', 0 FROM event
                """,
                [busy.pk],
            )
            cursor.execute("ANALYZE triggers_event, rules_enforcement")
            with CaptureQueriesContext(connection) as captured:
                look(owner, address)
            [sql] = [query["sql"] for query in captured if "rules_enforcement" in query["sql"].partition("FROM")[2]]
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "enforcement_rule" in plan, plan

    @pytest.mark.parametrize(
        ("query", "is_found"),
        [
            ("q=PUSH", True),
            ("q=nothing%00", False),
            ("trigger=demo.pushed", True),
            ("trigger=demo", False),
            ("action=demo.deploy", True),
            ("pack=demo", False),
            ("owner=owner", True),
            ("owner=teammate", False),
            ("enabled=yes", True),
            ("enabled=no", False),
        ],
    )
    def test_filters_narrow_it(self, people: People, owner: Client, query: str, is_found: bool) -> None:
        make_rule(people.owner)
        assert (f"{LIST}on_push/" in look(owner, f"{LIST}?{query}")) is is_found

    def test_who_may_not_see_rules_sees_none(self, people: People, visit: Visit) -> None:
        make_rule(people.owner)
        nobody = visit(make_identity("nobody", role="runs", grants=("execution.view",)))
        for address in (LIST, f"{LIST}on_push/", NEW, f"{LIST}on_push/edit/"):
            look(nobody, address, status=403)
        for address in (f"{LIST}on_push/test/", TRY):
            assert nobody.post(address, {}).status_code == 403
        assert "may not rule.view" in nobody.post(f"{LIST}on_push/test/", {}).content.decode()
        assert Client().get(LIST).status_code == 302

    def test_who_sees_some_rules_finds_no_others(self, people: People, visit: Visit) -> None:
        make_rule(people.owner, "mine", pack_ref="demo")
        make_rule(people.owner, "other")
        some = visit(make_identity("some", role="some", grants=("rule.view@pack:demo",)))
        text = look(some, LIST)
        assert "demo.mine" in text
        assert "other" not in text
        look(some, f"{LIST}other/", status=404)
        assert "/edit/" not in look(some, f"{LIST}demo.mine/")


class TestOne:
    def test_it_says_what_it_says_in_words(self, people: People, owner: Client) -> None:
        criteria = {
            **WEB,
            "any": [{"trigger.port": {"type": "greaterthan", "pattern": 80}}, {"trigger.tls": {"type": "exists"}}],
            "not": {"trigger.items": {"type": "search", "condition": "any", "pattern": {"item": {"type": "exists"}}}},
        }
        make_rule(people.owner, criteria=criteria, parameters={"host": MARKUP}, trigger_parameters={"branch": "main"})
        text = look(owner, f"{LIST}on_push/")
        for said in ("starts with", "any of these", "is greater than", "not all of these", "has items for which"):
            assert said in text, said
        assert MARKUP not in text
        assert "branch: &quot;main&quot;" in text

    def test_it_says_of_the_latest_events_why_it_did_not_run(self, people: People, owner: Client) -> None:
        make_rule(people.owner, criteria=WEB)
        before = statements_of(owner, f"{LIST}on_push/")
        for number in range(12):
            make_event({"host": f"db{number}"})
        make_event({"host": "web1"})
        process_open()
        make_event({"host": "web2"})
        text = look(owner, f"{LIST}on_push/")
        assert "&quot;db11&quot; does not start with &quot;web&quot;" in text
        assert "db2&quot;" not in text
        assert "was started" in text
        assert "the event is not processed yet" in text
        assert before <= statements_of(owner, f"{LIST}on_push/") <= MOST_STATEMENTS

    def test_events_that_the_reader_may_not_see_are_left_out(self, people: People, visit: Visit) -> None:
        make_rule(people.owner)
        event = make_event()
        process_open()
        blind = visit(make_identity("blind", role="blind", grants=("rule.view",)))
        assert f"/admin/events/{event.pk}/" not in look(blind, f"{LIST}on_push/").split('id="part-enforcements"')[0]

    def test_it_is_switched_and_deleted(self, people: People, owner: Client) -> None:
        rule = make_rule(people.owner)
        for deed, is_enabled in (("disable", False), ("enable", True)):
            owner.post(f"{LIST}on_push/", {"deed": deed})
            rule.refresh_from_db()
            assert rule.is_enabled is is_enabled
        told = owner.post(f"{LIST}on_push/", {"deed": "nothing"}, follow=True).content.decode()
        assert "enabled, disabled or deleted" in told
        owner.post(f"{LIST}on_push/", {"deed": "delete"})
        look(owner, f"{LIST}on_push/", status=404)

    def test_one_of_a_disabled_pack_is_not_said_to_listen(self, people: People, owner: Client) -> None:
        make_rule(people.owner, pack_ref="demo")
        set_pack_enabled(people.administrator, ref="demo", enabled=False)
        page = f"{LIST}demo.on_push/"
        told = owner.post(page, {"deed": "enable"}, follow=True).content.decode()
        assert "demo.on_push is enabled, but its pack demo is not: it does nothing for now" in told
        assert page not in look(owner, f"{LIST}?enabled=yes")
        assert page in look(owner, f"{LIST}?enabled=no")

    def test_one_of_a_pack_is_only_switched(self, people: People, visit: Visit) -> None:
        make_rule(people.owner)
        Rule.objects.update(source="pack", pack_ref="demo", ref="demo.on_push")
        administrator = visit(people.administrator)
        text = look(administrator, f"{LIST}demo.on_push/")
        assert "/edit/" not in text
        assert 'value="delete"' not in text
        look(administrator, f"{LIST}demo.on_push/edit/", status=409)
        administrator.post(f"{LIST}demo.on_push/", {"deed": "delete"})
        administrator.post(f"{LIST}demo.on_push/", {"deed": "disable"})
        rule = Rule.objects.get()
        assert (rule.is_removed, rule.is_enabled, rule.enabled_override) == (False, False, False)


class TestForm:
    def test_a_rule_is_made_from_rows_and_templates(self, people: People, owner: Client) -> None:
        given = {
            **GOOD,
            **rows(
                ("trigger.host", "startswith", "web"),
                "any", ("trigger.port", "greaterthan", "80"), ("trigger.port", "equals", '"http"'), "end",
                "not", ("trigger.off", "exists", ""), "end",
            ),
            "a.ports": "{{ trigger.ports }}", "a.count": "3", "a.mode": "1",
        }  # fmt: skip
        made = owner.post(NEW, given)
        assert made.headers["Location"] == f"{LIST}on_web/", made.content.decode()
        rule = Rule.objects.select_related("trigger", "owner").get()
        assert rule.criteria == {
            **WEB,
            "any": [
                {"trigger.port": {"type": "greaterthan", "pattern": 80}},
                {"trigger.port": {"type": "equals", "pattern": "http"}},
            ],
            "not": {"trigger.off": {"type": "exists"}},
        }
        assert rule.parameters == {
            "host": "{{ trigger.host }}", "ports": "{{ trigger.ports }}", "count": 3, "mode": "1",
        }  # fmt: skip
        assert (rule.trigger.parameters, rule.labels, rule.owner) == ({"branch": "main"}, {"team": "web"}, people.owner)
        text = look(owner, f"{LIST}on_web/edit/")
        for shown in ('value="80"', 'value="http"', "{{ trigger.host }}", 'value="main"', "team=web"):
            assert shown in text, shown

    def test_a_rule_saved_as_it_stands_stays_as_it_is(self, people: People, visit: Visit, owner: Client) -> None:
        owner.post(NEW, GOOD)
        administrator = visit(people.administrator)
        look(administrator, f"{LIST}on_web/edit/")
        administrator.post(f"{LIST}on_web/edit/", {**GOOD, "description": "Only words."})
        rule = Rule.objects.select_related("owner").get()
        assert (rule.description, rule.owner, rule.trigger.parameters) == (
            "Only words.", people.owner, {"branch": "main"},
        )  # fmt: skip
        administrator.post(f"{LIST}on_web/edit/", {**GOOD, "overlap": "skip"})
        rule = Rule.objects.select_related("owner").get()
        assert (rule.overlap, rule.owner) == ("skip", people.administrator)

    def test_an_empty_text_that_a_rule_gives_to_its_action_stays(
        self, people: People, visit: Visit, owner: Client
    ) -> None:
        make_rule(people.owner, parameters={"host": "", "count": 3})
        page = {**GOOD, "c.kind": [], "labels": "", "a.host": "", "a.count": "3", "p.branch": "", "description": "New."}
        visit(people.administrator).post(f"{LIST}on_push/edit/", page)
        rule = Rule.objects.select_related("owner").get()
        assert (rule.description, rule.owner) == ("New.", people.owner)
        assert rule.parameters == {"host": "", "count": 3}
        owner.post(f"{LIST}on_push/edit/", {**page, "a.host": "web1"})
        owner.post(f"{LIST}on_push/edit/", page)
        assert Rule.objects.get().parameters == {"count": 3}

    def test_a_rule_that_somebody_changed_meanwhile_is_not_written_over(self, owner: Client) -> None:
        owner.post(NEW, GOOD)
        owner.post(f"{LIST}on_web/edit/", {**GOOD, "overlap": "skip", "version": "1"})
        late = owner.post(f"{LIST}on_web/edit/", {**GOOD, "overlap": "queue", "version": "1"})
        assert "at version 2 now" in late.content.decode()
        assert Rule.objects.get().overlap == "skip"

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"name": ""}, "This is needed."),
            ({"name": "a b"}, "letters, digits"),
            ({"name": "x" * 200}, "At most 150 characters"),
            ({"pack": "gone"}, "There is no pack gone."),
            ({"trigger": "demo.nothing\0"}, "There is no trigger demo.nothing."),
            ({"action": "demo.nothing"}, "There is no action demo.nothing"),
            ({"p.branch": "7", "trigger": "core.gone"}, "There is no trigger core.gone"),
            ({"owner": "nobody"}, "nobody"),
            ({"overlap": "sometimes"}, "One of those that are offered"),
            ({"kind": "x" * 30}, "One of those that are offered"),
            ({"labels": "a"}, "One label a line"),
            ({"c.operator": ["startwith"]}, "operator: no operator &#x27;startwith&#x27;; did you mean startswith?"),
            ({"c.path": ["host"]}, "path: "),
            ({"c.path": [""]}, "a path begins with trigger"),
            ({"c.operator": ["regex"], "c.pattern": ["(a{1000}){1000}"]}, "pattern: "),
            ({"c.operator": ["regex"], "c.pattern": ["(a"]}, "pattern: "),
            ({"c.operator": ["inside"], "c.pattern": ["3"]}, "pattern: "),
            ({"c.operator": ["equals"], "c.pattern": ["9" * 40]}, "pattern: "),
            ({"c.operator": ["search"], "c.pattern": ["{"]}, "pattern: not JSON"),
            ({"c.operator": ["search"], "c.pattern": ['{"item.x": {"type": "eqals"}}']}, "did you mean equals"),
            ({"c.pattern": ["{{ nobody }}"]}, "a pattern knows trigger, not nobody"),
            ({"c.kind": ["any", "end"]}, "any needs at least one criterion"),
            ({"c.kind": ["any"] * 14}, "nested at most 10 deep"),
            ({"criteria": "{"}, "not JSON"),
            ({"criteria": "3"}, "criteria are an object or a list"),
            ({"criteria": '{"trigger.x": {"type": "eqals"}}'}, "at /trigger.x/type: no operator"),
            ({"a.host": "{% for i in range(10) %}{% endfor %}"}, "a-field-wrong"),
            ({"a.host": "{{ env.HOME }}"}, "env is unknown here"),
            ({"a.ports": "[1"}, "a template is expected, or JSON"),
            ({"a.ports": "3"}, "array"),
            ({"a.count": "many"}, "a template is expected, or JSON"),
            ({"a.mode": "slow"}, "a-field-wrong"),
            ({"a.token": "hunter2"}, "let the action ask for a key"),
        ],
    )
    def test_what_is_wrong_is_told_where_it_stands_and_what_was_written_stays(
        self, owner: Client, wrong: dict[str, Any], told: str
    ) -> None:
        answer = owner.post(NEW, {**GOOD, **wrong})
        text = answer.content.decode()
        assert answer.status_code == 400
        assert told in text
        assert "Nothing is saved yet" in text
        assert not Rule.objects.exists()

    def test_a_taken_name_is_told(self, people: People, owner: Client) -> None:
        make_rule(people.owner, "on_web")
        assert "There is a rule on_web already." in owner.post(NEW, GOOD).content.decode()

    def test_nobody_hands_a_rule_to_somebody_who_may_more(self, people: People, owner: Client) -> None:
        answer = owner.post(NEW, {**GOOD, "owner": "administrator"})
        assert answer.status_code == 400
        assert not Rule.objects.exists()

    def test_who_may_not_manage_rules_makes_none(self, people: People, visit: Visit) -> None:
        make_rule(people.owner)
        reader = visit(make_identity("reader", role="reader", grants=("rule.view", "trigger.view")))
        assert NEW not in look(reader, LIST)
        look(reader, NEW, status=403)
        for address in (NEW, f"{LIST}on_push/edit/", f"{LIST}on_push/"):
            reader.post(address, {**GOOD, "deed": "delete"})
        rule = Rule.objects.get()
        assert (rule.is_removed, rule.version) == (False, 1)

    def test_parts_follow_what_is_typed(self, owner: Client) -> None:
        text = look(owner, f"{LIST}form/trigger/?trigger=demo.pushed")
        for said in ("Somebody pushed.", "p.branch", "trigger.host"):
            assert said in text, said
        assert "There is no trigger" in look(owner, f"{LIST}form/trigger/?trigger=x%00")
        assert "a.ports" in look(owner, f"{LIST}form/action/?action=demo.deploy")
        assert "There is no action" in look(owner, f"{LIST}form/action/?action=%3Cx")
        assert "demo.pushed" in look(owner, f"{LIST}form/triggers/")
        assert 'value="demo.pushed"' in look(owner, f"{NEW}?trigger=demo.pushed&action=demo.deploy")

    def test_rows_become_json_and_rows_again(self, owner: Client) -> None:
        part = f"{LIST}form/criteria/"
        text = owner.post(part, GOOD).content.decode()
        assert "&quot;pattern&quot;: &quot;web&quot;" in text
        back = owner.post(part, {"criteria": '{"trigger.host": {"type": "startswith", "pattern": "web"}}'})
        assert 'name="c.path" value="trigger.host"' in back.content.decode()
        text = owner.post(part, {"criteria": '{"trigger.host": 3}'}).content.decode()
        assert "more than rows can say" in text
        whole = owner.post(NEW, {**GOOD, "switch_criteria": "1"})
        assert (whole.status_code, Rule.objects.exists()) == (200, False)
        assert 'name="criteria"' in whole.content.decode()


class TestTester:
    def test_a_payload_is_judged_and_the_first_no_told_with_both_values(self, people: People, owner: Client) -> None:
        make_rule(people.owner, criteria=WEB, parameters={"host": "{{ trigger.host }}"})
        no = owner.post(f"{LIST}on_push/test/", {"payload": '{"host": "db1"}'}).content.decode()
        for told in ("no match", "wanted", "&quot;web&quot;", "was", "&quot;db1&quot;"):
            assert told in no, told
        yes = owner.post(f"{LIST}on_push/test/", {"payload": '{"host": "web1"}'}).content.decode()
        assert "matched" in yes
        assert "&quot;host&quot;: &quot;web1&quot;" in yes
        missing = owner.post(f"{LIST}on_push/test/", {"payload": "{}"}).content.decode()
        assert "/action/parameters/host" in missing

    def test_a_past_event_is_judged_then_and_now(self, people: People, owner: Client) -> None:
        make_rule(people.owner, criteria=WEB)
        event = make_event({"host": "db1"})
        process_open()
        Rule.objects.update(criteria={})
        text = owner.post(f"{LIST}on_push/test/", {"event": str(event.pk)}).content.decode()
        assert "does not start with" in text
        assert "the criteria hold" in text
        assert f'value="{event.pk}"' in look(owner, f"{LIST}on_push/?event={event.pk}")

    def test_a_rule_that_is_still_being_written_is_tested_as_it_stands(self, owner: Client) -> None:
        event = make_event({"host": "web1"})
        text = owner.post(TRY, {**GOOD, "event": str(event.pk)}).content.decode()
        assert "matched" in text
        assert "&quot;host&quot;: &quot;web1&quot;" in text
        assert not Rule.objects.exists()

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"payload": "{"}, "not JSON"),
            ({"payload": "[]"}, "A payload is a JSON object."),
            ({"payload": '{"a": "\\u0000"}'}, "The payload"),
            ({"event": "many"}, "by its number"),
            ({"event": "999999"}, "There is no event 999999."),
            ({"c.operator": ["startwith"]}, "did you mean startswith"),
            ({"c.operator": ["regex"], "c.pattern": ["(a{1000}){1000}"]}, "/criteria/trigger.host/pattern"),
            ({"a.host": "{% for a in range(9) %}{{ a }}{% endfor %}"}, "/action/parameters/host"),
            ({"a.host": "{{ trigger.__class__ }}"}, "__class__"),
            ({"a.host": "{{ 'x' * 10 ** 9 }}"}, "/action/parameters/host"),
            ({"a.ports": "[1"}, "ports: a template is expected"),
        ],
    )
    def test_what_cannot_be_tested_says_why(self, owner: Client, wrong: dict[str, Any], told: str) -> None:
        answer = owner.post(TRY, {**GOOD, **wrong})
        assert answer.status_code == 200
        assert told in answer.content.decode()

    def test_an_event_one_may_not_see_is_not_tested(self, people: People, visit: Visit) -> None:
        make_rule(people.owner)
        event = make_event({"secret": "canary-7f3a9c"})
        blind = visit(make_identity("blind", role="blind", grants=("rule.view",)))
        text = blind.post(f"{LIST}on_push/test/", {"event": str(event.pk)}).content.decode()
        assert "There is no event" in text
        assert "canary" not in text

    def test_testing_is_no_deed(self, people: People, owner: Client) -> None:
        from apps.audit.models import AuditRecord

        make_rule(people.owner)
        before = AuditRecord.objects.count()
        owner.post(f"{LIST}on_push/test/", {"payload": "{}"})
        owner.post(TRY, GOOD)
        assert AuditRecord.objects.count() == before
        assert Event.objects.count() == 0


@pytest.mark.parametrize(("text", "value"), [("mon-fri", "mon-fri"), ("3", 3), ('"3"', "3"), (" 2nd mon ", "2nd mon")])
def test_a_field_that_takes_numbers_and_texts_takes_a_text_without_quotes(
    people: People, owner: Client, text: str, value: object
) -> None:
    schema = {"type": "object", "properties": {"day": {"type": ["integer", "string"]}}}
    make_trigger_type("dated", parameters_schema=schema)
    made = owner.post(NEW, {**GOOD, "trigger": "demo.dated", "p.day": text})
    assert made.status_code == 302, made.content.decode()
    assert Rule.objects.select_related("trigger").get().trigger.parameters == {"day": value}
    assert as_text(value) in look(owner, f"{LIST}on_web/edit/").replace("&quot;", '"')


@pytest.mark.parametrize(
    ("ref", "first"),
    [
        ("core.cron", ["expression", "timezone", "misfire"]),
        ("core.interval", ["delta", "unit", "start"]),
        ("core.date", ["date", "timezone", "misfire"]),
    ],
)
def test_what_a_timer_needs_is_asked_first(ref: str, first: list[str]) -> None:
    types = load_pack(settings.BASE_DIR / "packs/core").content["triggers"]
    [schema] = [item.parameters_schema for item in types if item.ref == ref]
    by_name = {name: schema["properties"][name] for name in sorted(schema["properties"])}
    assert [name for name, _ in in_order(by_name)][:3] == first
