"""Asks every address of the OpenAPI document what schemathesis makes up, in and out of shape: no answer is a 5xx, and
every refusal is a problem document with a code. `script/fuzz` asks longer."""

import os
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from apps.accounts.services.tokens import issue_token
from apps.triggers.models import Webhook
from tests.asgi import Answer, ask
from tests.factories import make_action, make_execution, make_gate, make_worker
from tests.factories.rules import make_trigger_type
from tests.people import People

#: For each operation, half of them in shape and half out of it.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
#: They do not end while nothing happens; their parameters are asked for in tests of their own.
ENDLESS = ("/api/v1/stream",)
#: Names that lead to something, where an address takes one.
KNOWN = {
    "ref": ["demo", "demo.deploy"],
    "runtime": ["shell"],
    "name": ["w1"],
    "stream": ["stdout", "stderr"],
    "url": ["deploy"],
}


@pytest.fixture
def document(people: People) -> dict[str, Any]:
    action = make_action(parameters={"host": {"type": "string"}, "token": {"type": "string", "secret": True}})
    make_execution(action, requested_by_id=people.administrator.pk)
    make_worker()
    make_gate()
    make_trigger_type("webhook", pack="core", parameters_schema={"type": "object"})
    Webhook.objects.create(url="deploy", authentication="token")
    found: dict[str, Any] = ask("GET", "/api/v1/schema", headers={"accept": "application/json"}).json()
    return found


@pytest.mark.slow
@pytest.mark.timeout(60 + 30 * EXAMPLES)
def test_no_operation_of_the_document_answers_with_a_bug(document: dict[str, Any], people: People) -> None:
    schema = schemathesis.openapi.from_dict(document)
    bugs: list[str] = []
    count = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path not in ENDLESS:
            count += 1
            bugs += _bugs_of(operation, people)
    assert count > 40
    assert bugs == []


def _bugs_of(operation: Any, people: People) -> list[str]:
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
    token = issue_token(people.administrator, name="fuzz").text
    bugs = []

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=EXAMPLES <= 10,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, number=st.integers(0, 3))
    def try_out(case: Any, number: int) -> None:
        _lead_somewhere(case, number)
        answer = _answer(case, token)
        if problem := _problem(answer):
            bugs.append(f"{case.method} {case.formatted_path} {case.query} {str(case.body)[:200]}: {problem}")

    try_out()
    return bugs[:3]


def _lead_somewhere(case: Any, number: int) -> None:
    """Every fourth time to something that exists: made-up names meet a 404 and nothing behind it."""
    if number == 0:
        for name in case.path_parameters or {}:
            known = KNOWN.get(name, ["1"])
            case.path_parameters[name] = known[-1] if "/actions/" in case.path else known[0]


def _answer(case: Any, token: str) -> Answer:
    prepared = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    path, _, query = str(prepared.path_url).partition("?")
    body: Any = prepared.body or b""
    headers = {name.lower(): value for name, value in prepared.headers.items() if isinstance(value, str)}
    headers |= {"authorization": f"Bearer {token}", "host": "localhost"}
    return ask(
        str(prepared.method),
        unquote(path),
        query=query.encode(),
        headers={name: value for name, value in headers.items() if name != "content-length"},
        chunks=[body.encode() if isinstance(body, str) else body],
    )


def _problem(answer: Answer) -> str | None:
    if answer.status >= 500 and answer.status != 503:
        return f"{answer.status}: {answer.body[:200]!r}"
    if answer.status >= 400:
        if answer.headers["content-type"] != "application/problem+json":
            return f"{answer.status} is {answer.headers['content-type']}"
        if not {"code", "request_id", "detail"} <= answer.json().keys():
            return f"{answer.status} without a code: {answer.body[:200]!r}"
    return None
