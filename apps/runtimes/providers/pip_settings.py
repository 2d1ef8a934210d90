"""What the operator has set up for pip, in files and PIP_* variables, read the way pip reads it.

uv reads none of pip's settings. Both installers get what was found in files of their own in the build's
private folder: addresses of indexes often hold passwords, which belong neither into argv nor into the
environment.
"""

import configparser
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_DEFAULT_INDEX = "https://pypi.org/simple"
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})


@dataclass(frozen=True, kw_only=True)
class PipSettings:
    """Those of pip's settings that say where packages come from."""

    index_url: str = field(default=_DEFAULT_INDEX, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    certificates: str | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout_s: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], *, index_url: str = "") -> Self:
        """As pip would see them with this environment; `index_url` (Attune's setting) wins over pip's."""
        found: dict[str, str] = {}
        for layer in _layers(environ):
            found.update({key: value for key, value in layer.items() if value})  # empty counts as not set
        return cls(
            index_url=index_url or found.get("index-url") or _DEFAULT_INDEX,
            extra_index_urls=tuple(found.get("extra-index-url", "").split()),
            find_links=tuple(found.get("find-links", "").split()),
            no_index=found.get("no-index", "").strip().lower() in _TRUE,
            trusted_hosts=tuple(found.get("trusted-host", "").split()),
            certificates=found.get("cert"),
            proxy=found.get("proxy"),
            timeout_s=found.get("timeout") or found.get("default-timeout"),
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everything that may hold a password."""
        return (self.index_url, *self.extra_index_urls, *self.find_links, self.proxy or "")

    @property
    def environ(self) -> dict[str, str]:
        """What an installer and the programs it calls (git, compilers' fetchers) take from variables only."""
        certificates = {"SSL_CERT_FILE": self.certificates} if self.certificates else {}
        proxy = {"HTTP_PROXY": self.proxy, "HTTPS_PROXY": self.proxy} if self.proxy else {}
        timeout = {"UV_HTTP_TIMEOUT": self.timeout_s, "PIP_TIMEOUT": self.timeout_s} if self.timeout_s else {}
        return {**certificates, **proxy, **timeout}

    def as_uv_toml(self) -> str:
        """All indexes count alike, as for pip, so that the same versions come whichever of the two installs.
        (uv by itself would ask only the first index that knows a package: safer against somebody who
        publishes a private name on the public index, but a pin that only another index has could not be
        found.)"""
        lines = [
            'index-strategy = "unsafe-best-match"',
            f"find-links = {_toml(self.find_links)}",
            f"no-index = {_toml(self.no_index)}",
            f"allow-insecure-host = {_toml(self.trusted_hosts)}",
            *(f"[[index]]\nurl = {_toml(url)}" for url in self.extra_index_urls),
            f"[[index]]\nurl = {_toml(self.index_url)}\ndefault = true",
        ]
        return "\n".join(lines) + "\n"

    def as_pip_conf(self) -> str:
        """Every key, also an empty one: it hides the same key in the host's files, which pip reads too."""
        keys = [
            f"index-url = {self.index_url}",
            f"extra-index-url = {' '.join(self.extra_index_urls)}",
            f"find-links = {' '.join(self.find_links)}",
            f"no-index = {str(self.no_index).lower()}",
            f"trusted-host = {' '.join(self.trusted_hosts)}",
            f"cert = {self.certificates or ''}",
        ]
        return "\n".join(["[global]", *keys, "[install]", *keys]) + "\n"


def _toml(value: object) -> str:
    return json.dumps(value)  # JSON's texts, lists and booleans are TOML's too


def _layers(environ: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """What is set, weakest first: `[global]` of all files, `[install]` of all files, then variables."""
    files = [parsed for path in _files(environ) if (parsed := _parsed(path))]
    for section in ("global", "install"):
        layer: dict[str, str] = {}
        for parsed in files:
            layer.update(_normalised(parsed[section]) if parsed.has_section(section) else {})
        yield layer
    yield _normalised({name[4:]: value for name, value in environ.items() if name.startswith("PIP_")})


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """https://pip.pypa.io/en/stable/topics/configuration/: global, user, site, and the one named by
    PIP_CONFIG_FILE, which is read last and switches the others off if it is /dev/null."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = Path(environ.get("HOME") or "/")
    system = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    yield from (Path(folder) / "pip/pip.conf" for folder in reversed(system) if folder)
    yield Path("/etc/pip.conf")
    if not (named and os.access(named, os.F_OK)):
        yield home / ".pip/pip.conf"
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if named:
        yield Path(named)


def _parsed(path: Path) -> configparser.RawConfigParser | None:
    parser = configparser.RawConfigParser()
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, UnicodeDecodeError, configparser.Error):
        return None  # a file pip could not use either
    return parser


def _normalised(items: Mapping[str, str]) -> dict[str, str]:
    return {name.lower().replace("_", "-").removeprefix("--"): value for name, value in items.items()}
