"""Finds out which Attune is meant and with which token: options, environment, profiles.

`~/.config/attune/config.toml`, or the file that ATTUNE_CONFIG names:

    [profiles.default]
    url = "https://attune.example.org"
    token = "att_…"
"""

import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apps.cli.errors import BadConfiguration

DEFAULT_PROFILE = "default"


@dataclass(frozen=True)
class Options:
    """What was typed; None where nothing was."""

    profile: str | None = None
    url: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Connection:
    """`url` is an origin without a path; `config` is the file in which a token would be looked for."""

    url: str
    token: str | None
    config: Path


@dataclass(frozen=True)
class _Profile:
    url: str | None = None
    token: str | None = None


def find_connection(
    options: Options, environ: Mapping[str, str], *, warn: Callable[[str], None] = lambda text: None
) -> Connection:
    """What was typed wins, then a profile that was typed, then ATTUNE_URL and ATTUNE_TOKEN, then the usual profile.

    The token of a profile is sent to the profile's own url and nowhere else. `warn` hears of a file with tokens that
    others can read. Raises `BadConfiguration`.
    """
    config = config_path(environ)
    profiles = _read_profiles(config, is_named="ATTUNE_CONFIG" in environ)
    name = options.profile or environ.get("ATTUNE_PROFILE") or DEFAULT_PROFILE
    profile = _read_profile(profiles, name, config, is_asked_for=name != DEFAULT_PROFILE, warn=warn)
    variables = _Profile(environ.get("ATTUNE_URL") or None, environ.get("ATTUNE_TOKEN") or None)
    first, second = (profile, variables) if options.profile else (variables, profile)
    url = options.url or first.url or second.url
    if url is None:
        raise BadConfiguration("It is not known which Attune is meant.", hints=_how_to_say(config))
    origin = _origin(url)
    if profile.token and profile.url and _origin(profile.url) != origin:
        first, second = variables, _Profile()
    token = options.token or first.token or second.token
    return Connection(origin, _checked_token(token), config)


def config_path(environ: Mapping[str, str]) -> Path:
    if named := environ.get("ATTUNE_CONFIG"):
        return Path(named).expanduser()
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path("~/.config").expanduser()) / "attune" / "config.toml"


def _read_profile(
    profiles: Mapping[str, Any], name: str, config: Path, *, is_asked_for: bool, warn: Callable[[str], None]
) -> _Profile:
    if name not in profiles:
        if not is_asked_for:
            return _Profile()
        known = ", ".join(profiles) or "none"
        raise BadConfiguration(f"There is no profile {name} in {config}; there are: {known}.")
    found = _Profile(_text(profiles, name, "url", config), _text(profiles, name, "token", config))
    if found.token and _is_open_to_others(config):
        warn(f"{config} holds a token and others can read it; do: chmod 600 {config}")
    return found


def _text(profiles: Mapping[str, Any], name: str, key: str, config: Path) -> str | None:
    table = profiles[name]
    value = table.get(key) if isinstance(table, dict) else 0
    if not isinstance(value, str | None):
        raise BadConfiguration(f"profiles.{name}.{key} in {config} must be text.")
    return value or None


def _read_profiles(config: Path, *, is_named: bool) -> dict[str, Any]:
    try:
        profiles = tomllib.loads(config.read_text(encoding="utf-8")).get("profiles", {})
    except FileNotFoundError as error:
        if is_named:
            raise BadConfiguration(f"ATTUNE_CONFIG names {config}, which is not there.") from error
        return {}
    except OSError as error:
        raise BadConfiguration(f"{config} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadConfiguration(f"{config} is not TOML: {error}.") from error
    if not isinstance(profiles, dict):
        raise BadConfiguration(f"profiles in {config} must be tables: [profiles.default].")
    return profiles


def _is_open_to_others(config: Path) -> bool:
    return bool(config.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)) and os.name == "posix"


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_origin = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_origin = False
    if not is_origin or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadConfiguration(f"{url} is not the address of an Attune; it looks like https://attune.example.org:8000")
    return f"{parts.scheme}://{parts.netloc}"


def _checked_token(token: str | None) -> str | None:
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise BadConfiguration("The token holds characters that no token has; copy it again.")
    return token


def _how_to_say(config: Path) -> list[str]:
    return [
        "on this machine: script/up starts one, and script/attune talks to it",
        f"elsewhere: export ATTUNE_URL and ATTUNE_TOKEN, or write [profiles.default] with url and token to {config}",
    ]
