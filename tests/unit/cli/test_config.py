"""Which Attune is meant, and with which token."""

from pathlib import Path

import pytest

from apps.cli.config import Options, find_connection
from apps.cli.errors import BadConfiguration

HERE = "http://127.0.0.1:8000"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "cli.toml"
    config.write_text(
        '[profiles.default]\nurl = "http://127.0.0.1:8000/"\ntoken = "default-token"\n'
        '[profiles.far]\nurl = "https://far.example"\ntoken = "far-token"\n'
    )
    config.chmod(0o600)
    return {"ATTUNE_CONFIG": str(config)}


def test_the_usual_profile_is_taken_by_itself(environ: dict[str, str]) -> None:
    found = find_connection(Options(), environ)
    assert (found.url, found.token) == (HERE, "default-token")


def test_variables_win_over_the_usual_profile(environ: dict[str, str]) -> None:
    found = find_connection(Options(), environ | {"ATTUNE_TOKEN": "t"})
    assert (found.url, found.token) == (HERE, "t")


def test_a_profile_that_was_typed_wins_over_variables(environ: dict[str, str]) -> None:
    variables = {"ATTUNE_URL": "http://other.example", "ATTUNE_TOKEN": "t"}
    found = find_connection(Options(profile="far"), environ | variables)
    assert (found.url, found.token) == ("https://far.example", "far-token")


def test_what_was_typed_wins_over_everything(environ: dict[str, str]) -> None:
    found = find_connection(Options(profile="far", token="typed"), environ | {"ATTUNE_TOKEN": "t"})
    assert (found.url, found.token) == ("https://far.example", "typed")


def test_a_profiles_token_is_never_sent_to_another_address(environ: dict[str, str]) -> None:
    assert find_connection(Options(url="http://evil.example"), environ).token is None
    assert find_connection(Options(), environ | {"ATTUNE_URL": "http://evil.example"}).token is None


def test_a_file_that_others_can_read_is_warned_of(environ: dict[str, str]) -> None:
    Path(environ["ATTUNE_CONFIG"]).chmod(0o644)
    said: list[str] = []
    find_connection(Options(), environ, warn=said.append)
    assert "chmod 600" in said[0]


def test_an_unknown_profile_names_those_there_are(environ: dict[str, str]) -> None:
    with pytest.raises(BadConfiguration) as caught:
        find_connection(Options(profile="fra"), environ)
    assert caught.value.hints == ["did you mean far?", "there are: default, far"]


def test_it_is_known_where_url_and_token_stood(environ: dict[str, str]) -> None:
    found = find_connection(Options(profile="far", url="https://elsewhere.example"), environ)
    assert (found.url_from, found.token_from) == ("--url", "")
    assert found.withheld_from == "https://far.example"


def test_without_any_word_it_is_said_how_to_say(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration) as caught:
        find_connection(Options(), {"XDG_CONFIG_HOME": str(tmp_path)})
    assert "script/up" in caught.value.hints[0]


@pytest.mark.parametrize("text", ["profiles = 3", "[profiles.default]\nurl = 3", "x", "[profiles]\ndefault = 3"])
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(BadConfiguration):
        find_connection(Options(), {"ATTUNE_CONFIG": str(tmp_path / "c.toml")})


def test_a_named_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="not there"):
        find_connection(Options(), {"ATTUNE_CONFIG": str(tmp_path / "none.toml")})


@pytest.mark.parametrize("url", ["example.org", "ftp://x", "http://", "http://x/api", "http://a@b", "http://x:99999"])
def test_what_is_no_origin_is_refused(environ: dict[str, str], url: str) -> None:
    with pytest.raises(BadConfiguration):
        find_connection(Options(url=url), environ)


def test_a_token_with_line_breaks_is_refused_without_being_shown(environ: dict[str, str]) -> None:
    with pytest.raises(BadConfiguration) as caught:
        find_connection(Options(token="a\nb"), environ)
    assert "a\nb" not in str(caught.value)
