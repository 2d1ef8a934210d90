import json
from pathlib import Path
from typing import Any

import pytest

from apps.core.errors import AttuneError
from apps.core.fetch import FetchPolicy
from apps.packs.sources.index import IndexedPack, find_in_index, read_index, search
from tests.integration.core.web import reply, web

GIT = "https://git.example/acme.git"
OURS = [
    {"name": "acme", "version": "1.9.0", "source": "https://files.example/acme-1.9.0.tar.gz", "sha256": "0" * 64},
    {"name": "acme", "version": "1.10.0", "source": GIT, "ref": "v1.10.0", "description": "Scale\x1b[31m\nthings"},
    {"name": "beta", "version": "0.1.0", "source": f"{GIT}#main", "keywords": ["web", 5]},
]
EXCHANGE = {
    "aws": {
        "name": "aws", "ref": "aws", "version": "1.2.0", "repo_url": "https://git.example/stackstorm-aws",
        "description": "Clouds", "author": "st2", "keywords": ["cloud"], "email": "x", "runner": None,
    },
    "bad": {"name": "bad", "version": "1", "repo_url": "file:///etc"},
}  # fmt: skip


def read(folder: Path, document: Any) -> list[IndexedPack]:
    file = folder / "index.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_index(str(file), policy=FetchPolicy())


def code_of(*arguments: Any) -> str:
    with pytest.raises(AttuneError) as caught:
        find_in_index(*arguments)
    return caught.value.code


def test_our_own_form_has_a_row_for_each_version(tmp_path: Path) -> None:
    packs = read(tmp_path, {"packs": OURS})
    assert [(pack.name, pack.version) for pack in packs] == [("acme", "1.10.0"), ("acme", "1.9.0"), ("beta", "0.1.0")]
    newest, older = find_in_index(packs, "acme"), find_in_index(packs, "acme", "1.9.0")
    assert (str(newest.source), newest.description) == (f"{GIT}#v1.10.0", "Scale\N{REPLACEMENT CHARACTER}[31m things")
    assert (str(older.source), older.sha256) == ("https://files.example/acme-1.9.0.tar.gz", "0" * 64)
    assert code_of(packs, "nothing") == "not_in_pack_index"
    assert code_of(packs, "beta", "9.9") == "not_in_pack_index"


def test_the_form_of_the_exchange_has_tags(tmp_path: Path) -> None:
    packs = read(tmp_path, {"metadata": {}, "packs": EXCHANGE})
    (aws,) = packs
    assert (str(aws.source), aws.author) == ("https://git.example/stackstorm-aws#v1.2.0", "st2")
    assert find_in_index(packs, "aws", "1.0.0").source.ref == "v1.0.0"


@pytest.mark.parametrize(
    ("versions", "best"),
    [
        (["1.9.0", "2.0.0-rc.1"], "1.9.0"),
        (["1.0.0", "1.0.0-1"], "1.0.0"),
        (["2.0.0-alpha.2", "2.0.0-alpha.beta"], "2.0.0-alpha.beta"),
        (["1.2", "1.10", "what"], "1.10"),
    ],
)
def test_the_best_version_is_the_newest_release_as_semantic_versions_have_it(
    tmp_path: Path, versions: list[str], best: str
) -> None:
    rows = [{"name": "acme", "version": version, "source": GIT} for version in versions]
    packs = read(tmp_path, {"packs": rows})
    assert find_in_index(packs, "acme").version == best
    assert {find_in_index(packs, "acme", version).version for version in versions} == set(versions)


def test_words_find_names_descriptions_and_keywords(tmp_path: Path) -> None:
    packs = read(tmp_path, {"packs": OURS})
    assert [(pack.name, pack.version) for pack in search(packs, "")] == [("acme", "1.10.0"), ("beta", "0.1.0")]
    assert [pack.name for pack in search(packs, "SCALE acm")] == ["acme"]
    assert [pack.name for pack in search(packs, "web")] == ["beta"]
    assert search(packs, "none") == []


@pytest.mark.parametrize(
    "row",
    [
        None, 5, [], {}, {"name": "a"}, {"name": "a", "version": "1"}, {"name": "a", "version": "1", "source": "/etc"},
        {"name": "a", "version": "1", "source": "a"}, {"name": "a", "version": "1", "source": "upload:" + "0" * 32},
        {"name": "a", "version": "1", "source": "file:///etc", "sha256": "x"},
        {"name": "../a", "version": "1", "source": GIT},
        {"name": "a", "version": "1 2", "source": GIT},
        {"name": "a", "version": "1", "source": GIT, "ref": "--upload-pack=id"},
        {"name": "a", "version": "1", "source": GIT, "sha256": "0" * 64},
        {"name": {"a": 1}, "version": "1", "source": GIT},
        {"name": "a", "version": "1", "source": "https://files.example/a.zip", "sha256": "short"},
    ],
)  # fmt: skip
def test_a_row_that_is_none_is_left_out(tmp_path: Path, row: object) -> None:
    assert [pack.name for pack in read(tmp_path, {"packs": [row, OURS[2]]})] == ["beta"]


@pytest.mark.parametrize("document", ["", "no", "[]", '"x"', "{}", '{"packs": 5}', '{"packs": null}', "[" * 100_000])
def test_what_is_no_index_is_told(tmp_path: Path, document: str) -> None:
    with pytest.raises(AttuneError) as caught:
        read(tmp_path, document)
    assert caught.value.code == "pack_index_invalid"


def test_an_index_is_fetched_behind_the_guard() -> None:
    with web({"/index.json": reply(json.dumps({"packs": OURS}).encode())}) as port:
        url = f"http://127.0.0.1:{port}/index.json"
        assert len(read_index(url, policy=FetchPolicy.parse(["http://127.0.0.1"]))) == 3
        with pytest.raises(AttuneError) as caught:
            read_index(url, policy=FetchPolicy())
    assert caught.value.code == "fetch_refused"
    with pytest.raises(AttuneError) as caught:
        read_index("", policy=FetchPolicy())
    assert caught.value.code == "no_pack_index"
