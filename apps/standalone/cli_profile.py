"""Keeps the profile by which `script/attune` finds and enters this Attune."""

import json
import tomllib
from pathlib import Path

from apps.standalone.private_file import write_private


def read_token(path: Path) -> str | None:
    """Return the token of the profile; None when there is no profile, or none that can be read."""
    try:
        token = tomllib.loads(path.read_text(encoding="utf-8"))["profiles"]["default"]["token"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return token if isinstance(token, str) and token else None


def write_profile(path: Path, *, url: str, token: str) -> None:
    """Write the profile, for its owner only."""
    # A JSON string is a TOML basic string as long as nothing outside of ASCII is in it; escapes see to that.
    write_private(
        path,
        "# Written by script/up. Profiles of your own belong into ~/.config/attune/config.toml.\n"
        f"[profiles.default]\nurl = {json.dumps(url)}\ntoken = {json.dumps(token)}\n",
    )
