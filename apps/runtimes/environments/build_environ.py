"""The environment variables of a build: what installers need to reach the network and compile, and no secret.

Installing runs code of strangers (setup.py, npm scripts), so the worker's own variables stay out.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

_PASSED = frozenset(
    {
        "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
        "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
        "NODE_EXTRA_CA_CERTS",
        "CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "PKG_CONFIG_PATH", "SOURCE_DATE_EPOCH",
    }
)  # fmt: skip


def build_environ(
    environ: Mapping[str, str], *, scratch: Path, also: Iterable[str] = (), has_logins: bool = True
) -> dict[str, str]:
    """HOME and TMPDIR become the private `scratch`, so nothing is left behind; `also` names more to pass.

    Without `has_logins` the worker's logins for indexes stay its own."""
    names = _PASSED.union(also)
    passed = {name: value for name, value in environ.items() if name in names}
    # The file with logins for indexes stays where it is: installers look for it at home otherwise.
    netrc = readable_at_home(environ, "NETRC", ".netrc") if has_logins else None
    login = {"NETRC": str(netrc)} if netrc else {}
    return {"LANG": "C.UTF-8", **passed, **login, "HOME": str(scratch), "TMPDIR": str(scratch)}


def readable_at_home(environ: Mapping[str, str], variable: str, name: str) -> Path | None:
    """The file that `variable` names, else the one of this name at home; None if it cannot be read."""
    file = Path(environ.get(variable) or Path(environ.get("HOME") or "/") / name)
    return file if os.access(file, os.R_OK) else None


def passwords_in(*urls: str) -> set[str]:
    """The secret parts of addresses, which must not appear in a log."""
    found = set()
    for url in urls:
        try:
            parts = urlsplit(url)
        except ValueError:
            continue  # no address at all; the installer will say so
        # A token often stands alone, as the user's name.
        found.update({parts.password or parts.username or "", parts.netloc.rpartition("@")[0]})
    return found - {""}
