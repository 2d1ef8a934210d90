import os
import socket
import threading
from pathlib import Path

import pytest

from apps.core.errors import AttuneError
from apps.core.fetch import FetchPolicy
from apps.packs.sources import entries
from apps.packs.sources.address import parse_source
from apps.packs.sources.git import GitSettings, fetch_git
from tests.factories import write_pack
from tests.factories.repositories import Repository
from tests.integration.core.web import silent_server

RULES = GitSettings(frozenset({"file", "https", "ssh"}), FetchPolicy())


def fetched(source: str, folder: Path, *, rules: GitSettings = RULES, ref: str = "") -> tuple[str, list[str]]:
    """The commit, and the files that came."""
    folder.mkdir()
    commit = fetch_git(parse_source(source, ref=ref), folder / "pack", room=folder, settings=rules)
    return commit, sorted(path.relative_to(folder / "pack").as_posix() for path in (folder / "pack").rglob("*.*"))


def code_of(source: str, folder: Path, *, rules: GitSettings = RULES) -> str:
    with pytest.raises(AttuneError) as caught:
        fetched(source, folder, rules=rules)
    assert not (folder / "pack").exists()
    assert not (folder / "pack.part").exists()
    return str(caught.value.facts.get("reason") or caught.value.code)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    write_pack(made.folder)
    return made


def test_branches_tags_and_commits_are_fetched_and_the_commit_is_told(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(tag="v1.0.0")
    write_pack(repository.folder, version="1.1.0")
    second = repository.commit()
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    files = ["actions/deploy.sh", "actions/deploy.yaml", "pack.yaml"]
    for number, (ref, commit) in enumerate({"": second, "main": second, "v1.0.0": first, first: first}.items()):
        assert fetched(repository.address, tmp_path / str(number), ref=ref) == (commit, files)
    assert fetched(f"{repository.address}#v1.0.0", tmp_path / "marked")[0] == first
    assert code_of(f"{repository.address}#nothing", tmp_path / "nothing") == "git_failed"


def test_nothing_of_the_repository_runs_or_is_followed(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = tmp_path / "ran"
    other = Repository(tmp_path / "other")
    other.commit()
    repository.git("submodule", "add", "--quiet", other.address, "inner")
    attributes = "* filter=evil ident\nactions export-ignore\npack.yaml export-subst\n"
    (repository.folder / ".gitattributes").write_text(attributes)
    (repository.folder / "pack.yaml").write_text("ref: acme\nversion: 1.0.0\n# $Format:%H$ $Id$\n")
    repository.commit()
    for name in ("post-checkout", "post-merge", "reference-transaction", "fsmonitor-watchman"):
        hook = repository.folder / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\necho {name} >> {proof}\n")
        hook.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[filter "evil"]\nsmudge = touch {proof}\n[core]\nfsmonitor = touch {proof}\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:file")
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {proof}")
    _, files = fetched(repository.address, tmp_path / "room")
    assert [name for name in files if "/" in name] == ["actions/deploy.sh", "actions/deploy.yaml"]
    assert (tmp_path / "room/pack/pack.yaml").read_text().endswith("# $Format:%H$ $Id$\n")
    assert list((tmp_path / "room/pack/inner").iterdir()) == []
    assert not proof.exists()


def test_a_link_in_a_repository_is_refused(repository: Repository, tmp_path: Path) -> None:
    (repository.folder / "passwd").symlink_to("/etc/passwd")
    repository.commit()
    assert code_of(repository.address, tmp_path / "room") == "link"


def test_names_of_a_repository_are_looked_at_too(repository: Repository, tmp_path: Path) -> None:
    (repository.folder / "README").write_text("")
    (repository.folder / "readme").write_text("")
    repository.commit()
    assert code_of(repository.address, tmp_path / "room") == "case_clash"


def test_a_small_repository_that_unpacks_to_everything_is_stopped(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that hold the same folder ten times, six deep: a million files in a kilobyte."""
    monkeypatch.setattr(entries, "MAX_ENTRIES", 100)
    blob = repository.git("hash-object", "-w", "pack.yaml")
    kind, name = "100644 blob", blob
    for _ in range(6):
        rows = "".join(f"{kind} {name}\tf{number}\n" for number in range(10))
        listed = tmp_path / "rows"
        listed.write_text(rows)
        name = repository.git("-c", f"alias.tree=!git mktree < {listed}", "tree")
        kind = "040000 tree"
    commit = repository.git("commit-tree", "-m", "x", name)
    repository.git("update-ref", "refs/heads/bomb", commit)
    assert code_of(f"{repository.address}#bomb", tmp_path / "room") == "archive_too_large"


def test_only_allowed_protocols_are_spoken(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    rules = GitSettings(frozenset({"https"}), FetchPolicy())
    for number, source in enumerate((repository.address, "ssh://git@host.example/x", "git@host.example:x")):
        assert code_of(source, tmp_path / str(number), rules=rules) == "source_invalid"


@pytest.mark.parametrize("source", ["https://127.0.0.1/a.git", "ssh://git@127.0.0.1/a", "git@localhost:a"])
def test_private_hosts_are_refused_before_git_is_asked(source: str, tmp_path: Path) -> None:
    assert code_of(source, tmp_path / "room") == "fetch_refused"


def test_git_asks_the_address_that_was_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up by us alone: git would find nothing under it."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    rules = GitSettings(frozenset({"https"}), FetchPolicy.parse(["127.0.0.1"]))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        taken: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                taken.append(connection.recv(1024))

        thread = threading.Thread(target=serve)
        thread.start()
        code = code_of(f"https://packs.invalid:{server.getsockname()[1]}/a.git", tmp_path / "room", rules=rules)
        thread.join()
    assert (code, asked) == ("git_failed", ["packs.invalid"])
    assert b"packs.invalid" in taken[0], "the name it asks for in TLS"


def test_a_repository_that_says_nothing_is_left_at_the_deadline(tmp_path: Path) -> None:
    with silent_server() as port:
        rules = GitSettings(frozenset({"https"}), FetchPolicy.parse(["127.0.0.1"]), timeout_s=0.5)
        assert code_of(f"https://127.0.0.1:{port}/a.git", tmp_path / "room", rules=rules) == "git_failed"


def test_git_sees_nothing_of_the_servers_settings(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git of our own that writes down what it is given."""
    seen = tmp_path / "seen"
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nenv >> {seen}\n[ "$1" = --version ] && echo git version 2.50.1\nexit 0\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    for name in ("DATABASE_URL", "ATTUNE_SECRET_KEY", "ATTUNE_ENCRYPTION_KEYS", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "canary-of-the-worker")
    assert code_of(repository.address, tmp_path / "room") == "git_failed"
    assert "GIT_TERMINAL_PROMPT=0" in seen.read_text()
    assert "canary" not in seen.read_text()
    assert "DATABASE" not in seen.read_text()


def test_an_old_git_or_none_is_told(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert code_of(repository.address, tmp_path / "none") == "git_missing"
    old = tmp_path / "old" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.20.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent))
    assert code_of(repository.address, tmp_path / "old-room") == "git_missing"
