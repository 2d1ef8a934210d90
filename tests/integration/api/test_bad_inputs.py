"""The catalogue of bad inputs (bad_inputs.yaml): each gets the answer that stands there, none a 500 or a traceback."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from apps.core.expressions import TemplateError, compile_template
from apps.executions.states import Status
from apps.packs.loader import PackInvalid, load_pack
from tests.asgi import Answer, ask
from tests.factories import make_action, make_execution, make_gate, make_trigger_type, make_worker, write_pack
from tests.factories.packs import make_runtimes
from tests.factories.timers import add_timer_types
from tests.people import People

CATALOGUE: Mapping[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("bad_inputs.yaml").read_text(encoding="utf-8")
)
ENTRIES = [entry for entries in CATALOGUE.values() for entry in entries]
REQUESTS = [entry for entry in ENTRIES if "send" in entry]
PACKS = [entry for entry in ENTRIES if "pack" in entry or "pack_fill" in entry]
TEMPLATES = [entry for entry in ENTRIES if "template" in entry or "template_fill" in entry]
PARAMETERS = {
    "host": {"type": "string", "maxLength": 32},
    "count": {"type": "integer", "minimum": 0, "maximum": 10},
    "level": {"enum": ["low", "high"]},
    "token": {"type": "string", "secret": True, "maxLength": 100},
    "fixed": {"type": "string", "default": "x", "immutable": True},
}


def test_the_catalogue_is_large_and_each_of_its_entries_is_of_a_known_kind() -> None:
    assert len(ENTRIES) == len(REQUESTS) + len(PACKS) + len(TEMPLATES) >= 150


def test_every_bad_request_gets_its_answer(people: People) -> None:
    """All in one: what they need is made once, and none of them changes anything."""
    ids = _world(people)
    wrong = []
    for entry in REQUESTS:
        answer = _send(entry, people, ids)
        if problem := _mistake(entry, answer):
            wrong.append(f"{entry['name']} ({entry['send']}): {problem}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("entry", PACKS, ids=lambda entry: entry["name"])
def test_every_bad_pack_is_refused_with_its_mistake(entry: dict[str, Any], tmp_path: Path, db: None) -> None:
    make_runtimes("shell")
    files = entry.get("pack") or {entry["pack_fill"]["file"]: _filled(entry["pack_fill"])}
    folder = write_pack(tmp_path, files={"actions/a.sh": "true\n", **files})
    with pytest.raises(PackInvalid) as refused:
        load_pack(folder)
    said = [str(error) for error in refused.value.errors]
    assert any(entry["says"] in line for line in said), said


@pytest.mark.parametrize("entry", TEMPLATES, ids=lambda entry: entry["name"])
def test_every_bad_template_is_refused_with_its_mistake(entry: dict[str, Any]) -> None:
    source = entry.get("template") or _filled(entry["template_fill"])
    context = entry.get("over") or {name: "1" * times for name, times in entry.get("over_fill", {}).items()}
    with pytest.raises(TemplateError) as refused:
        compile_template(source).render(context)
    assert entry["says"] in str(refused.value)


def _world(people: People) -> dict[str, int]:
    """Numbers of the catalogue to ids of rows."""
    action = make_action(parameters=PARAMETERS)
    running = make_execution(action, requested_by_id=people.owner.pk)
    ended = make_execution(action, requested_by_id=people.owner.pk, status=Status.SUCCEEDED)
    others = make_execution(action, requested_by_id=people.teammate.pk)
    make_worker()
    make_gate()
    add_timer_types()
    make_trigger_type()
    schema = {"type": "object", "required": ["host"], "properties": {"host": {"type": "string"}}}
    make_trigger_type("strict", payload_schema=schema)
    return {"/executions/1": running.pk, "/executions/2": ended.pk, "/executions/3": others.pk}


def _send(entry: dict[str, Any], people: People, ids: Mapping[str, int]) -> Answer:
    method, _, target = entry["send"].partition(" ")
    path, _, query = target.partition("?")
    for text, pk in ids.items():
        if path == text or path.startswith(f"{text}/"):
            path = path.replace(text, f"/executions/{pk}", 1)
    path = path[1:] if path.startswith("//") else f"/api/v1{path}"
    query += "x" * entry.get("query_fill", 0)
    headers = {"content-type": "application/json", **entry.get("headers", {})}
    if "header_fill" in entry:
        name = "authorization" if "authorization" in headers else "x-large"
        headers[name] = headers.get(name, "") + "x" * entry["header_fill"]
    who = entry.get("as", "owner")
    by = None if who == "stranger" else getattr(people, who)
    return ask(method, path, by=by, query=query.encode(), headers=headers, chunks=[_body(entry)])


def _body(entry: dict[str, Any]) -> bytes:
    if "json" in entry:
        return orjson.dumps(entry["json"])
    if "hex" in entry:
        return bytes.fromhex(entry["hex"])
    return (_filled(entry["fill"]) if "fill" in entry else entry.get("body", "")).encode()


def _filled(fill: dict[str, Any]) -> str:
    return f"{fill['start']}{fill['text'] * fill['times']}{fill['end']}"


def _mistake(entry: dict[str, Any], answer: Answer) -> str | None:
    """What the answer is not and should be."""
    status, _, code = entry["gets"].partition(" ")
    if code == "page":
        return _mistake_of_page(answer, int(status))
    if answer.headers.get("content-type") != "application/problem+json":
        return f"{answer.status} {answer.headers.get('content-type')} {answer.body[:100]!r}"
    document = answer.json()
    is_told = document["request_id"] and document["request_id"] == answer.headers["x-request-id"]
    if (answer.status, document["code"], bool(is_told)) != (int(status), code, True):
        return f"{answer.status} {document}, request id {answer.headers['x-request-id']!r}"
    if "Traceback" in answer.body.decode() or "canary" in answer.body.decode():
        return "it says too much"
    if "at" in entry and entry["at"] not in [error["pointer"] for error in document.get("errors", ())]:
        return f"no error at {entry['at']}: {document}"
    return None


def _mistake_of_page(answer: Answer, status: int) -> str | None:
    said = answer.body.decode()
    is_plain = "Traceback" not in said and "evil.example" not in said
    is_page = answer.headers["content-type"].startswith("text/html")
    return None if (answer.status, is_page, is_plain) == (status, True, True) else f"{answer.status} {said[:200]}"
