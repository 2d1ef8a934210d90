"""What is set up for pip, compared with pip's own reading of it, and translated."""

import configparser
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from apps.runtimes.providers.pip_settings import PipSettings

SECRET = "https://user:secret@index.example.org/simple"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config/pip").mkdir(parents=True)
    return tmp_path


def settings(home: Path, **environ: str) -> PipSettings:
    return PipSettings.read({"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "none"), **environ})


def user_file(home: Path, text: str) -> Path:
    file = home / ".config/pip/pip.conf"
    file.write_text(text)
    return file


def test_without_anything_set_packages_come_from_pypi() -> None:
    assert PipSettings.read({"PIP_CONFIG_FILE": os.devnull}) == PipSettings()


def test_files_are_read_section_by_section_and_variables_win(home: Path) -> None:
    user_file(home, "[global]\nindex-url = https://g\nfind_links = /a\n /b\n[install]\nindex-url = https://i\n")
    assert settings(home).index_url == "https://i"
    assert settings(home).find_links == ("/a", "/b")
    assert settings(home, PIP_INDEX_URL="https://v").index_url == "https://v"


def test_an_empty_value_counts_as_not_set(home: Path) -> None:
    user_file(home, "[global]\nindex-url = https://g\n[install]\nindex-url =\n")
    assert settings(home, PIP_INDEX_URL="").index_url == "https://g"


def test_attunes_own_setting_wins_over_the_index_and_leaves_the_rest(home: Path) -> None:
    environ = {"HOME": str(home), "PIP_INDEX_URL": "https://v", "PIP_FIND_LINKS": "/wheels"}
    found = PipSettings.read(environ, index_url="https://attune")
    assert (found.index_url, found.find_links) == ("https://attune", ("/wheels",))


def test_the_null_device_switches_files_off(home: Path) -> None:
    user_file(home, "[global]\nindex-url = https://g\n")
    assert settings(home, PIP_CONFIG_FILE=os.devnull).index_url == PipSettings().index_url


def test_a_named_file_stands_for_the_users(home: Path) -> None:
    user_file(home, "[global]\nindex-url = https://user\nno-index = yes\n")
    named = home / "named.conf"
    named.write_text("[global]\ntrusted-host = a b\n")
    found = settings(home, PIP_CONFIG_FILE=str(named))
    assert (found.trusted_hosts, found.no_index) == (("a", "b"), False)


@pytest.mark.parametrize("text", ["no section", "[global]\nx = \udc80"])
def test_a_file_that_cannot_be_read_is_passed_over(home: Path, text: str) -> None:
    (home / ".config/pip/pip.conf").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert settings(home, PIP_INDEX_URL="https://v").index_url == "https://v"


def test_pip_itself_reads_the_same(home: Path) -> None:
    pytest.importorskip("pip", reason="uv made this virtual environment, without pip")
    user_file(home, "[global]\nindex-url = https://g\nextra-index-url =\n  https://e1\n  https://e2\ntimeout = 7\n")
    environ = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PIP_FIND_LINKS": "/wheels",
        "PIP_CERT": "/ca.pem",
    }
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = PipSettings.read(environ)
    for expected in (
        found.index_url,
        found.find_links[0],
        found.certificates,
        *found.extra_index_urls,
        found.timeout_s,
    ):
        assert expected
        assert expected in listing


def test_uv_gets_all_of_it_and_treats_the_indexes_as_pip_does() -> None:
    found = PipSettings(
        index_url=SECRET,
        extra_index_urls=("https://extra",),
        find_links=("/a b",),
        trusted_hosts=("h",),
        no_index=True,
    )
    assert tomllib.loads(found.as_uv_toml()) == {
        "index-strategy": "unsafe-best-match",
        "find-links": ["/a b"],
        "no-index": True,
        "allow-insecure-host": ["h"],
        "index": [{"url": "https://extra"}, {"url": SECRET, "default": True}],
    }


def test_pip_gets_all_of_it_and_an_empty_key_hides_the_hosts() -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(PipSettings(index_url=SECRET, find_links=("/a", "/b")).as_pip_conf())
    for section in ("global", "install"):
        assert parser[section]["index-url"] == SECRET
        assert parser[section]["find-links"] == "/a /b"
        assert parser[section]["extra-index-url"] == ""


def test_certificates_proxy_and_timeout_go_into_the_environment_and_no_address_does() -> None:
    found = PipSettings(index_url=SECRET, certificates="/ca.pem", proxy="http://p", timeout_s="9")
    assert found.environ == {
        "SSL_CERT_FILE": "/ca.pem",
        "HTTP_PROXY": "http://p",
        "HTTPS_PROXY": "http://p",
        "UV_HTTP_TIMEOUT": "9",
        "PIP_TIMEOUT": "9",
    }


def test_addresses_stay_out_of_representations() -> None:
    assert "secret" not in repr(PipSettings(index_url=SECRET, extra_index_urls=(SECRET,), proxy=SECRET))
