"""Imports httpx without the command line that it brings along (ADR 40).

`import httpx` also imports `httpx._main`, which draws in click, rich and pygments: 250 of 360 ms. httpx does without it
where these are not installed; here it is told that they are not.
"""

import sys

_PART = "httpx._main"
_is_first = "httpx" not in sys.modules
if _is_first:
    sys.modules[_PART] = None  # type: ignore[assignment]  # Python's own way to say that a module cannot be imported

import httpx  # noqa: E402 - the point of this module is what stands before it

if _is_first:
    del sys.modules[_PART]

__all__ = ["httpx"]
