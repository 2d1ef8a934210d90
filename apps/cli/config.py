"""Finds out which Attune is meant and with which token: options, environment, profiles.

`~/.config/attune/config.toml`, or the file that ATTUNE_CONFIG names:

    [profiles.default]
    url = "https://attune.example.org"
    token = "att_…"
"""

import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
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
    """`url` is an origin without a path; `config` is the file in which a token would be looked for.

    `url_from` and `token_from` say where they stood: `--url`, `ATTUNE_URL`, `profile default`. `withheld_from` is the
    url whose profile has a token that is not sent to another url.
    """

    url: str
    token: str | None
    config: Path
    url_from: str = ""
    token_from: str = ""
    withheld_from: str | None = None


@dataclass(frozen=True)
class _Source:
    """`names` are what its url and its token are called."""

    url: str | None = None
    token: str | None = None
    names: tuple[str, str] = ("", "")


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
    variables = _Source(
        environ.get("ATTUNE_URL") or None, environ.get("ATTUNE_TOKEN") or None, ("ATTUNE_URL", "ATTUNE_TOKEN")
    )
    typed = _Source(options.url, options.token, ("--url", "--token"))
    sources = [typed, profile, variables] if options.profile else [typed, variables, profile]
    url, url_from = next(((one.url, one.names[0]) for one in sources if one.url), (None, ""))
    if url is None:
        raise BadConfiguration("It is not known which Attune is meant.", hints=_how_to_say(config))
    origin, withheld_from = _origin(url), None
    if profile.token and profile.url and _origin(profile.url) != origin:
        sources.remove(profile)
        withheld_from = profile.url
    token, token_from = next(((one.token, one.names[1]) for one in sources if one.token), (None, ""))
    return Connection(
        origin, _checked_token(token, token_from), config, url_from, token_from, None if token else withheld_from
    )


def profile_names(environ: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """The profiles of the configuration file with their urls. Raises `BadConfiguration`."""
    profiles = _read_profiles(config_path(environ), is_named="ATTUNE_CONFIG" in environ)
    return [(name, table.get("url")) for name, table in profiles.items() if isinstance(table, dict)]


def config_path(environ: Mapping[str, str]) -> Path:
    if named := environ.get("ATTUNE_CONFIG"):
        return Path(named).expanduser()
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path("~/.config").expanduser()) / "attune" / "config.toml"


def _read_profile(
    profiles: Mapping[str, Any], name: str, config: Path, *, is_asked_for: bool, warn: Callable[[str], None]
) -> _Source:
    if name not in profiles:
        if not is_asked_for:
            return _Source()
        raise BadConfiguration(f"There is no profile {name} in {config}.", hints=_which_profiles(name, profiles))
    url, token = _text(profiles, name, "url", config), _text(profiles, name, "token", config)
    found = _Source(url, token, (f"profile {name}", f"profile {name}"))
    if found.token and is_open_to_others(config):
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


def is_open_to_others(config: Path) -> bool:
    return bool(config.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)) and os.name == "posix"


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_origin = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_origin = False
    if not is_origin or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        text = f"{url} is not the address of an Attune; it looks like https://attune.example.org:8000"
        raise BadConfiguration(text, hints=[f"did you mean {found}?" for found in _nearly(url)])
    return f"{parts.scheme}://{parts.netloc}"


def _nearly(url: str) -> list[str]:
    """The origin in an address with a path; an address without its scheme."""
    if found := re.fullmatch(r"(https?://[A-Za-z0-9.:\[\]-]+)[/?#].*", url):
        return [found[1]]
    return [f"http://{url}", f"https://{url}"] if re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", url) else []


def _checked_token(token: str | None, source: str) -> str | None:
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise BadConfiguration(f"The token ({source}) holds characters that no token has; copy it again.")
    return token


def _which_profiles(name: str, profiles: Mapping[str, Any]) -> list[str]:
    if not profiles:
        return [f"it has none; write [profiles.{name}] with url and token"]
    near = get_close_matches(name, profiles, n=1)
    return [*(f"did you mean {found}?" for found in near), f"there are: {', '.join(profiles)}"]


def _how_to_say(config: Path) -> list[str]:
    return [
        "on this machine: script/up starts one, and script/attune talks to it",
        f"elsewhere: export ATTUNE_URL and ATTUNE_TOKEN, or write [profiles.default] with url and token to {config}",
    ]
