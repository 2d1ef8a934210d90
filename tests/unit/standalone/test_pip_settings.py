"""What pip is set up with, in the words of uv."""

from apps.standalone.pip_settings import parse_pip_settings, uv_environment


def test_a_listing_is_read_without_its_sections() -> None:
    listing = """\
global.index-url='https://pypi.example.org/simple'
install.find-links='/a b'
list.format='columns'
"""
    assert parse_pip_settings(listing) == {
        "index-url": "https://pypi.example.org/simple",
        "find-links": "/a b",
    }


def test_a_variable_wins_over_a_file_wherever_it_is_listed() -> None:
    listing = ":env:.index-url='https://b.example.org'\nglobal.index-url='https://a.example.org'\n"
    assert parse_pip_settings(listing) == {"index-url": "https://b.example.org"}


def test_nothing_listed_is_nothing_set() -> None:
    assert parse_pip_settings("") == {}


def test_indexes_and_transport_are_translated() -> None:
    pip = {
        "index-url": "https://a.example.org",
        "extra-index-url": "https://b.example.org\nhttps://c.example.org",
        "find-links": "/x /y",
        "trusted-host": "a.example.org",
        "cert": "/etc/ca.pem",
        "proxy": "http://proxy.example.org:3128",
        "quiet": "1",
    }
    assert uv_environment(pip, environ={}) == {
        "UV_DEFAULT_INDEX": "https://a.example.org",
        "UV_INDEX": "https://b.example.org https://c.example.org",
        "UV_FIND_LINKS": "/x,/y",
        "UV_INSECURE_HOST": "a.example.org",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "ALL_PROXY": "http://proxy.example.org:3128",
    }


def test_a_uv_that_was_told_its_indexes_keeps_them_but_learns_of_the_certificate() -> None:
    pip = {"index-url": "https://a.example.org", "cert": "/etc/ca.pem"}
    told = {"UV_DEFAULT_INDEX": "https://uv.example.org"}
    assert uv_environment(pip, environ=told) == {"SSL_CERT_FILE": "/etc/ca.pem"}


def test_a_certificate_that_is_set_already_stays() -> None:
    assert "SSL_CERT_FILE" not in uv_environment({"cert": "/a"}, environ={"SSL_CERT_FILE": "/b"})
