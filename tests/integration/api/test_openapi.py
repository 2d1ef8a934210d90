import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

METHODS = ("get", "post", "put", "patch", "delete")
#: Open to who is no identity yet, or proves something else.
OPEN = {("post", "/api/v1/auth/login"), ("post", "/api/v1/webhooks/{url}")}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # no types
    assert dict(GENERATOR_STATS._warn_cache) == {}
    assert dict(GENERATOR_STATS._error_cache) == {}
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate_schema(document)  # type: ignore[no-untyped-call]  # drf-spectacular has no types
    assert document["openapi"].startswith("3.")
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "http://json-schema.org/draft-04/schema#", **schema})


def test_every_operation_has_an_id_of_its_own_and_a_description(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) > 40
    assert not [name for name in ids if name[-1].isdigit()]
    assert all(operation["description"].strip() for _, _, operation in operations(document))


def test_every_operation_has_a_short_summary_and_a_tag(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert 8 <= len(operation["summary"]) <= 120, (method, path, operation["summary"])
        assert operation["tags"] == [path.split("/")[3]]


def test_a_token_or_a_session_opens_every_operation(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}
    for method, path, operation in operations(document):
        if (method, path) not in OPEN:
            assert operation["security"] == [{"token": []}, {"session": []}], (method, path)


def test_the_command_that_writes_the_document_warns_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert capsys.readouterr().out.startswith("openapi: 3")


@pytest.mark.django_db  # to close an answer looks at the connection that an earlier test may have left
def test_no_script_and_no_style_stands_in_the_page(client: Client) -> None:
    page = client.get("/api/v1/docs")
    text = page.content.decode()
    assert "'unsafe-inline'" not in page["Content-Security-Policy"].partition("style-src-attr")[0]
    assert "<style" not in text
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 3
    for attributes, content in scripts:
        address = re.search(r'src="(/[^/"][^"]*)"', attributes)
        assert address
        assert content == ""
        answer = client.get(address[1].replace("&amp;", "&"))
        assert (answer.status_code, "javascript" in answer["Content-Type"]) == (200, True), address[1]
        answer.close()


def test_every_operation_says_how_it_fails_and_who_may_ask(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        failures = {status for status in operation["responses"] if status >= "400"}
        expected = {"400", "401", "503"} | ({"404"} if "{" in path else set())
        assert failures >= expected | ({"413", "415"} if method != "get" else set()), (method, path)
        for status in failures:
            schema = operation["responses"][status]["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
        assert operation.get("security", []) != [] or (method, path) in OPEN, (method, path)
        assert "Needs the verb" in operation["description"] or (method, path) in OPEN, (method, path)


def test_every_parameter_of_an_address_is_declared(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        declared = {item["name"] for item in operation.get("parameters", ()) if item["in"] == "path"}
        assert declared == {part.strip("{}") for part in path.split("/") if part.startswith("{")}, (method, path)


def test_the_document_and_its_page_are_served_to_everybody(client: Client) -> None:
    answer = client.get("/api/v1/schema", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "Attune")
    assert client.get("/api/v1/schema").status_code == 200
    page = client.get("/api/v1/docs")
    assert (page.status_code, b"swagger" in page.content) == (200, True)
    for address in ("/api/v1/schema", "/api/v1/docs"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            assert client.generic(method, address).status_code == 405, (method, address)
