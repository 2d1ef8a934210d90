from rest_framework.test import APIClient

from apps.core.redis import breaker
from apps.executions.models import Gate
from tests.asking import ask
from tests.conftest import forget_redis
from tests.factories import make_action, make_gate, make_policy, make_worker
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end, status_of

URL = "/api/v1/gates"


def test_a_gate_shows_its_line_and_its_holders_in_order(administrator: APIClient, people: People) -> None:
    executions = ask(people, make_action(concurrency={"limit": 1}), count=4)
    (listed,) = administrator.get(URL).json()["results"]
    gate = administrator.get(f"{URL}/{listed['gate']}").json()
    assert (gate["policy"], gate["limit"], gate["waiting"], gate["running"]) == ("demo.deploy", 1, 3, 1)
    assert [item["execution"] for item in gate["holders"]] == [executions[0].pk]
    line = [(item["position"], item["execution"], item["status"]) for item in gate["line"]]
    assert line == [(at, executions[at].pk, "delayed") for at in (1, 2, 3)]
    end(claimed(executions[0], make_worker()))
    gate = administrator.get(f"{URL}/{listed['gate']}?fields=line,total_completed").json()
    assert (len(gate["line"]), gate["total_completed"]) == (2, 1)


def test_who_stands_there_is_shown_to_who_may_see_it_but_the_counts_to_all(
    owner: APIClient, teammate: APIClient, people: People
) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=3)
    address = f"{URL}/{Gate.objects.get().pk}"
    assert [len(client.get(address).json()["line"]) for client in (owner, teammate)] == [2, 0]
    assert [client.get(address).json()["waiting"] for client in (owner, teammate)] == [2, 2]
    assert teammate.get(address).json()["holders"] == []


def test_a_limit_moves_at_once_and_zero_pauses(administrator: APIClient, people: People) -> None:
    executions = ask(people, make_action(concurrency={"limit": 1}), count=4)
    address = f"{URL}/{Gate.objects.get().pk}"
    answer = administrator.patch(address, {"limit": 3}, format="json").json()
    assert (answer["limit"], answer["running"], answer["waiting"]) == (3, 3, 1)
    assert [status_of(row) for row in executions] == ["scheduled"] * 3 + ["delayed"]
    assert administrator.patch(address, {"limit": 0}, format="json").json()["limit"] == 0
    worker = make_worker()
    for row in executions[:3]:
        end(claimed(row, worker))
    assert status_of(executions[3]) == "delayed"
    assert administrator.patch(address, {"limit": None}, format="json").json()["limit"] == 1
    assert status_of(executions[3]) == "scheduled"


def test_a_limit_is_moved_by_who_may_and_to_what_a_limit_can_be(owner: APIClient, administrator: APIClient) -> None:
    address = f"{URL}/{make_gate().pk}"
    assert owner.patch(address, {"limit": 5}, format="json").json()["verb"] == "policy.manage"
    wishes: list[object] = [{}, {"limit": -1}, {"limit": "5"}, {"limit": True}, {"limit": 1.5}, {"limit": 10**7}]
    for wish in [*wishes, {"limit": None}, {"limit": 1, "key": "x"}, [], {"limit": [1]}]:
        assert administrator.patch(address, wish, format="json").status_code == 400, wish
    assert administrator.get(address).json()["limit"] == 2
    assert administrator.patch(f"{URL}/999", {"limit": 1}, format="json").json()["code"] == "unknown_gate"


def test_lists_are_narrowed_by_action_and_policy(owner: APIClient, people: People) -> None:
    ask(people, make_action(concurrency={"limit": 1}))
    other = make_gate(make_policy())

    def found(**query: object) -> list[int]:
        return [item["gate"] for item in owner.get(URL, {k: str(v) for k, v in query.items()}).json()["results"]]

    own = Gate.objects.exclude(pk=other.pk).get()
    assert found() == [own.pk, other.pk] or found() == [other.pk, own.pk]
    assert found(action="demo.deploy") == [own.pk]
    assert found(policy=other.policy_id) == [other.pk]
    assert owner.get(URL, {"policy": "x"}).status_code == 400


def test_without_redis_the_counts_come_from_the_database(administrator: APIClient, people: People) -> None:
    ask(people, make_action(concurrency={"limit": 1}), count=3)
    address = f"{URL}/{Gate.objects.get().pk}"
    keep_redis_away()
    try:
        gate = administrator.get(address).json()
        assert (gate["waiting"], gate["running"], gate["line"], gate["holders"]) == (2, 1, [], [])
        assert administrator.patch(address, {"limit": 5}, format="json").json()["limit"] == 5
    finally:
        breaker.reset()
    forget_redis()
    assert administrator.get(address).status_code == 200


def test_key_texts_are_for_administrators_and_others_tell_gates_apart_by_a_digest(
    owner: APIClient, teammate: APIClient, administrator: APIClient, people: People
) -> None:
    action = make_action(concurrency={"limit": 1, "key": "{{ host }}"}, parameters={"host": {"type": "string"}})
    executions = [ask(people, action, parameters={"host": host})[0] for host in ("payroll-db", "payroll-web")]
    address = f"{URL}/{executions[0].gate_id}"
    stats = "/api/v1/actions/demo.deploy/queue-stats"
    for path in (URL, address, stats):
        assert "payroll" in administrator.get(path).content.decode(), path
        for client in (owner, teammate):
            assert "payroll" not in client.get(path).content.decode(), path
    shown = [(item["key"], item["key_digest"]) for item in teammate.get(URL).json()["results"]]
    assert [key for key, _ in shown] == [None, None]
    assert len({digest for _, digest in shown}) == 2
    assert shown == [(item["key"], item["key_digest"]) for item in owner.get(URL).json()["results"]]
    known = administrator.get(URL).json()["results"]
    assert [item["key_digest"] for item in known] == [digest for _, digest in shown]
    assert {item["key"] for item in known} == {"payroll-db", "payroll-web"}


def test_ones_own_execution_tells_the_key_it_made(owner: APIClient, people: People) -> None:
    action = make_action(concurrency={"limit": 1, "key": "{{ host }}"}, parameters={"host": {"type": "string"}})
    ask(people, action, count=2, parameters={"host": "db1"})
    newest = owner.get("/api/v1/executions").json()["results"][0]
    assert newest["gates"][0]["key"] == "db1"


def test_a_gate_without_a_key_has_no_digest(owner: APIClient) -> None:
    gate = make_gate()
    shown = owner.get(f"{URL}/{gate.pk}").json()
    assert (shown["key"], shown["key_digest"]) == (None, None)
