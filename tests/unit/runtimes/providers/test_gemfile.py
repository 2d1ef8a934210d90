"""A Gemfile as wishes for the hash."""

from dataclasses import replace
from pathlib import Path

import pytest

from apps.runtimes.definition import EnvironmentDefinition, RuntimeDefinition
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.request import EnvironmentRequest
from apps.runtimes.providers.gemfile import installed_gems, lock_for_bundler, wishes_of
from tests.unit.runtimes.requests_for_environments import make_request

RUBY = RuntimeDefinition(
    name="ruby",
    detect=(("ruby", "-v"),),
    command=("{interpreter}", "{entry_point}"),
    environment=EnvironmentDefinition(provider="bundler", manifest="Gemfile", lock="Gemfile.lock"),
)


def wants(text: str, **fields: object) -> EnvironmentRequest:
    return replace(make_request(), runtime=RUBY, manifest=text.encode(), **fields)  # type: ignore[arg-type]


def test_the_order_of_plain_lines_comments_and_quotes_do_not_matter() -> None:
    one = wishes_of(wants('source "https://a"\n\ngem "toy",  "1.0" # why\ngem("odd")\n'))
    other = wishes_of(wants("gem('odd')\ngem 'toy', '1.0'\nsource 'https://a'\n"))
    assert sorted(one) == sorted(other) == ["gem 'toy', '1.0'", "gem('odd')", "source 'https://a'"]


@pytest.mark.parametrize(
    "text",
    [
        "source 'https://a' do\n  gem 'toy'\nend\n",
        "group :test do\ngem 'toy'\nend\n",
        "if RUBY_VERSION > '3'\ngem 'toy'\nend\n",
        "%w[a b].each { |name| gem name }\n",
    ],
)
def test_a_program_is_one_wish_as_a_whole(text: str) -> None:
    assert len(wishes_of(wants(text))) == 1


def test_gems_the_pack_brings_count_by_their_content(tmp_path: Path) -> None:
    gem = tmp_path / "vendor" / "cache" / "toy-1.0.gem"
    gem.parent.mkdir(parents=True)
    found = []
    for content in (b"one", b"another", b"one"):
        gem.write_bytes(content)
        found.append(wishes_of(wants("gem 'toy'", pack_dir=tmp_path)))
    assert found[0] == found[2] != found[1]
    assert "toy-1.0.gem" in found[0][1]


def test_a_gemfile_with_nothing_but_comments_wishes_nothing_and_one_not_utf8_is_refused() -> None:
    assert wishes_of(wants("# nothing\n\n")) == []
    with pytest.raises(BuildFailed, match="Gemfile is not UTF-8 at byte 0"):
        wishes_of(replace(wants(""), manifest=b"\xff"))


def test_the_bundler_that_wrote_a_lock_file_is_forgotten() -> None:
    lock = b"DEPENDENCIES\n  toy\n\nBUNDLED WITH\n   2.5.1\n"
    assert lock_for_bundler(lock) == b"DEPENDENCIES\n  toy\n\n"
    assert lock_for_bundler(b"GEM\n\xff") == b"GEM\n\xff"


def test_what_is_installed_are_gems_with_their_files(tmp_path: Path) -> None:
    (tmp_path / "specifications").mkdir()
    for name in ("toy-1.0.gemspec", "a-b_c-2.0.1-x86_64-linux.gemspec", "gone-1.0.gemspec", "odd.gemspec"):
        (tmp_path / "specifications" / name).touch()
    for name in ("toy-1.0", "a-b_c-2.0.1-x86_64-linux"):
        (tmp_path / "gems" / name).mkdir(parents=True)
    assert dict(installed_gems(tmp_path)) == {"toy": "1.0", "a-b_c": "2.0.1"}
