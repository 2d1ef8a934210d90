"""Translates what pip is set up with for uv, which reads neither pip.conf nor PIP_* variables.

Without this, whoever has a mirror or a private index in pip's configuration would wait for uv to fail.
"""

import ast
from collections.abc import Mapping

#: pip's option → uv's variable. Several values are separated by spaces in both, but for find-links in uv.
INDEXES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
}
TRANSPORT = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY", "default-timeout": "UV_HTTP_TIMEOUT"}


def parse_pip_settings(listing: str) -> dict[str, str]:
    """Return pip's settings, without their section, from what `pip config list` prints.

    It prints `global.index-url='…'` for files and `:env:.index-url='…'` for variables, which win.
    """
    found: dict[str, str] = {}
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in {"global", "install", ":env:"}:
            found[option] = str(ast.literal_eval(value))
    return found


def uv_environment(pip: Mapping[str, str], *, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make uv use the same indexes; none if uv has been told its own."""
    settings = {variable: pip[option] for option, variable in TRANSPORT.items() if option in pip}
    if not any(variable in environ for variable in INDEXES.values()):
        settings |= {variable: " ".join(pip[o].split()) for o, variable in INDEXES.items() if o in pip}
        if "UV_FIND_LINKS" in settings:
            settings["UV_FIND_LINKS"] = settings["UV_FIND_LINKS"].replace(" ", ",")
        # As pip does it: the best version of all indexes. What is installed is pinned by hash anyway.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in settings.items() if name not in environ}
