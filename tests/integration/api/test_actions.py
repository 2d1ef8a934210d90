import jsonschema_rs
from rest_framework.test import APIClient

from tests.asking import ask
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, end

URL = "/api/v1/actions"


def refs(client: APIClient, **query: str) -> list[str]:
    return [item["ref"] for item in client.get(URL, query).json()["results"]]


def test_actions_are_listed_by_ref_and_narrowed(owner: APIClient) -> None:
    make_action("deploy", pack="demo")
    make_action("destroy", pack="demo", runtime="python", entry_point="destroy.py")
    make_action("s3.upload", pack="aws")
    assert refs(owner) == ["aws.s3.upload", "demo.deploy", "demo.destroy"]
    assert refs(owner, pack="demo") == ["demo.deploy", "demo.destroy"]
    assert refs(owner, runtime="python") == refs(owner, q="STROY") == ["demo.destroy"]
    assert refs(owner, q="100%") == refs(owner, q="_") == refs(owner, pack="dem") == []


def test_one_action_is_shown_with_everything_its_file_says(owner: APIClient) -> None:
    parameters = {"host": {"type": "string", "required": True, "position": 0}}
    make_action("s3.upload", pack="aws", parameters=parameters, timeout_s=5)
    body = owner.get(f"{URL}/aws.s3.upload").json()
    assert (body["pack"], body["name"], body["parameters"], body["timeout_s"]) == ("aws", "s3.upload", parameters, 5)
    assert owner.get(f"{URL}/aws.s3.upload?fields=ref,pool").json() == {"ref": "aws.s3.upload", "pool": "default"}
    for ref in ("aws", "aws.s3", "nothing", "AWS.S3.UPLOAD"):
        assert owner.get(f"{URL}/{ref}").json()["code"] == "unknown_action", ref


def test_the_schema_is_json_schema_without_marks(owner: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer", "required": True}, "t": {"type": "string", "secret": True}})
    schema = owner.get(f"{URL}/demo.deploy/schema").json()
    jsonschema_rs.meta.validate(schema)
    assert schema["properties"] == {"n": {"type": "integer"}, "t": {"type": "string"}}
    assert (schema["required"], schema["additionalProperties"]) == (["n"], False)
    assert owner.get(f"{URL}/demo.nothing/schema").status_code == 404


def test_an_operators_word_stands_over_the_files_until_it_is_taken_back(
    owner: APIClient, administrator: APIClient
) -> None:
    make_action(enabled=False)
    address = f"{URL}/demo.deploy"
    assert owner.get(address).json()["enabled"] is False
    answer = administrator.patch(address, {"enabled": True}, format="json").json()
    assert (answer["enabled"], answer["enabled_override"]) == (True, True)
    make_action(enabled=False)  # the pack is installed again
    assert owner.get(address).json()["enabled"] is True
    answer = administrator.patch(address, {"enabled": None}, format="json").json()
    assert (answer["enabled"], answer["enabled_override"]) == (False, None)
    assert owner.patch(address, {"enabled": True}, format="json").json()["verb"] == "action.manage"
    wishes: list[object] = [
        {},
        {"enabled": "no"},
        {"enabled": 0},
        {"enabled": []},
        {"enabled": True, "colour": "x"},
        [],
    ]
    for wish in wishes:
        assert administrator.patch(address, wish, format="json").status_code == 400, wish
    assert administrator.patch(f"{URL}/demo.x", {"enabled": True}, format="json").status_code == 404


def test_queue_stats_tell_the_line_with_and_without_a_limit(owner: APIClient, people: People) -> None:
    free, limited = make_action("free"), make_action("limited", concurrency={"limit": 1})
    ask(people, free, count=2)
    executions = ask(people, limited, count=4)
    stats = owner.get(f"{URL}/demo.free/queue-stats").json()
    assert (stats["waiting"], stats["running"], stats["limit"], stats["gates"]) == (0, 2, None, [])
    end(claimed(executions[0], make_worker()))
    stats = owner.get(f"{URL}/demo.limited/queue-stats").json()
    assert {name: stats[name] for name in ("waiting", "running", "limit", "total_enqueued", "total_completed")} == {
        "waiting": 2, "running": 1, "limit": 1, "total_enqueued": 4, "total_completed": 1
    }  # fmt: skip
    assert stats["oldest_waiting_s"] >= 0
    (gate,) = stats["gates"]
    assert (gate["policy"], gate["waiting"], gate["running"]) == ("demo.limited", 2, 1)
    assert owner.get(f"{URL}/demo.x/queue-stats").status_code == 404
