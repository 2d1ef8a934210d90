"""What the operator has set up for npm, in ~/.npmrc and NPM_CONFIG_* variables, as one file for a build.

Only what says where packages come from and how they are reached: a build keeps its home folder to itself, and scripts
of packages see no variable with a password.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_KEYS = frozenset(
    {
        "registry", "cafile", "ca", "strict-ssl", "proxy", "https-proxy", "noproxy", "offline", "prefer-offline",
        "fetch-timeout", "ignore-scripts", "nodedir",
    }
)  # fmt: skip
_OF_A_SCOPE = re.compile(r"@[^:]+:registry")
#: A login for one registry: `//host/path/:_authToken`.
_LOGIN = re.compile(r"//.+:(_authToken|_auth|_password|username|certfile|keyfile)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class NpmSettings:
    """`values` by npm's own names, those of variables over those of the file."""

    values: Mapping[str, str] = field(repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str], *, has_logins: bool = True) -> Self:
        variables = _of_variables(environ)
        home = Path(environ.get("HOME") or "/")
        file = Path(variables.get("userconfig") or home / ".npmrc")
        known = {**dict(_of_file(file, environ)), **variables}
        return cls({key: value for key, value in known.items() if value and _is_wanted(key, has_logins=has_logins)})

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everything that may hold a password."""
        return tuple(value for value in self.values.values() if "://" in value)

    def as_npmrc(self) -> bytes:
        return "".join(f"{key}={value}\n" for key, value in self.values.items()).encode()


def _is_wanted(key: str, *, has_logins: bool) -> bool:
    return key in _KEYS or bool(_OF_A_SCOPE.fullmatch(key)) or (has_logins and bool(_LOGIN.fullmatch(key)))


def _of_variables(environ: Mapping[str, str]) -> dict[str, str]:
    prefix = "npm_config_"
    return {
        name[len(prefix) :].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.lower().startswith(prefix) and "\n" not in value
    }


def _of_file(file: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith((";", "#")):
            # As npm does: what is not set stays as it is written.
            yield key.strip(), _VARIABLE.sub(lambda match: environ.get(match[1], match[0]), value.strip().strip('"'))
