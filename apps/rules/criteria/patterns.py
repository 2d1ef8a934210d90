"""Patterns of texts: regular expressions in either dialect, and wildcards; each matcher knows what it costs.

RE2 is linear in the text, but its factor is the size of the compiled pattern: 12 ns for each instruction and byte at
worst, 29 s for `.*a.{300}b$` in 1 MiB. So the size is limited, and size times text is what a match is charged with.
StackStorm's rules keep Python's expressions: `regex` stops them after a while, which `re` cannot.
"""

import re
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, Protocol

import re2
import regex

from apps.rules.criteria.errors import BadPattern, Mistake

Dialect = Literal["attune", "stackstorm"]

MAX_PATTERN_BYTES: Final = 512
#: Instructions of a compiled RE2 pattern; `\d{1,3}` has a dozen.
MAX_PROGRAM: Final = 1000
#: Memory of one compiled pattern, mostly for states met before: a thousand rules of three are 750 MB at worst.
_MAX_MEMORY: Final = 256 * 1024
#: Atoms after writing counted repetitions out, as `regex` does: `(?:(?:a|b){400}){400}` took 1 GB and more.
MAX_REPEATED: Final = 4000
#: Of one match, as the design has it.
MAX_SECONDS: Final = 0.05


class Allowance(Protocol):
    """What an evaluation may still spend; both raise when nothing is left."""

    def spend(self, steps: int) -> None: ...

    def clock(self, most_s: float) -> AbstractContextManager[float]:
        """Charges the time of what happens within; gives the seconds it may take, at most `most_s`."""


Matcher = Callable[[str, Allowance], bool]


@dataclass(frozen=True)
class How:
    """How an operator looks for its expression."""

    is_anchored: bool = False
    ignores_case: bool = False
    dot_is_everything: bool = False


def compile_regex(pattern: str, how: How, dialect: Dialect) -> Matcher:
    """Raises `BadPattern` for an expression that is malformed, too large, or not of the dialect."""
    if len(pattern.encode(errors="replace")) > MAX_PATTERN_BYTES:
        raise BadPattern("too_long", f"a pattern has at most {MAX_PATTERN_BYTES} bytes")
    return _linear(pattern, how) if dialect == "attune" else _backtracking(pattern, how)


def compile_wildcard(pattern: str) -> Matcher:
    """`*`, `?`, `[a-z]` and `[!a-z]` over the whole text, case and all, as Python's `fnmatch`; on RE2."""
    if len(pattern.encode(errors="replace")) > MAX_PATTERN_BYTES:
        raise BadPattern("too_long", f"a pattern has at most {MAX_PATTERN_BYTES} bytes")
    return _linear(rf"(?s:{_translated(pattern)})\z", How(is_anchored=True))


@lru_cache(maxsize=256)
def _linear(pattern: str, how: How) -> Matcher:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MAX_MEMORY
    options.case_sensitive = not how.ignores_case
    options.dot_nl = how.dot_is_everything
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise BadPattern("invalid_regex", _explained(pattern, error)) from error
    except UnicodeEncodeError as error:
        raise BadPattern("invalid_regex", "not valid Unicode") from error
    size: int = compiled.programsize
    if size > MAX_PROGRAM:
        raise BadPattern("too_large", f"the pattern is too large when written out ({size} instructions)")
    find = compiled.match if how.is_anchored else compiled.search

    def matches(text: str, allowance: Allowance) -> bool:
        data = text.encode(errors="surrogatepass")
        allowance.spend(100 + size * len(data))
        return find(data) is not None

    return matches


def _explained(pattern: str, error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    if re.search(r"\(\?(?:<?[=!]|>|P=|\()", pattern):
        return f"{text}: lookarounds, atomic groups and references back are not available (RE2)"
    if re.search(r"\\[1-9]", pattern):
        return f"{text}: references back are not available (RE2)"
    if r"\Z" in pattern:
        return rf"{text}: the end of the text is \z (RE2)"
    return text


@lru_cache(maxsize=256)
def _backtracking(pattern: str, how: How) -> Matcher:
    _refuse_repetition(pattern)
    flags = (re.IGNORECASE if how.ignores_case else 0) | (re.DOTALL if how.dot_is_everything else 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern, flags)  # `regex` understands more than Python, which is what the rule was written for
            compiled = regex.compile(pattern, int(flags) | regex.VERSION0)
    except (re.error, regex.error, RecursionError, OverflowError, MemoryError, ValueError) as error:
        raise BadPattern("invalid_regex", str(error)) from error
    find = compiled.match if how.is_anchored else compiled.search

    def matches(text: str, allowance: Allowance) -> bool:
        allowance.spend(100 + len(text))
        try:
            with allowance.clock(MAX_SECONDS) as seconds:
                return find(text, timeout=seconds) is not None
        except (TimeoutError, MemoryError) as error:
            raise Mistake("the regular expression took too long; write it without nested repetitions") from error

    return matches


_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*)(?:,(\d*))?\}|.", re.DOTALL)


def _refuse_repetition(pattern: str) -> None:
    """Raises `BadPattern` when counted repetitions make it too large; a guess upwards."""
    if re.search(r"\(\?[a-zA-Z]*x", pattern):
        raise BadPattern("invalid_regex", "the flag x (verbose) is not available")
    sums, last = [0], 0
    for found in _ATOM.finditer(pattern):
        atom = found[0]
        if atom == "(":
            sums.append(0)
        elif atom == ")":
            last = sums.pop() if len(sums) > 1 else sums[0]
            sums[-1] += last
        elif found[1] or found[2]:
            times = max(int(number) for number in (found[1], found[2]) if number)
            sums[-1] += last * times
            last *= times + 1
        elif atom not in "?*+":
            last = 1
            sums[-1] += 1
        if sum(sums) > MAX_REPEATED:
            raise BadPattern("too_large", f"its repetitions make more than {MAX_REPEATED} atoms when written out")


def _translated(pattern: str) -> str:
    """The wildcard as an expression of RE2."""
    parts, at = [], 0
    while at < len(pattern):
        character = pattern[at]
        if character == "*":
            parts.append(".*")
        elif character == "?":
            parts.append(".")
        elif character == "[" and (end := _end_of_set(pattern, at)) is not None:
            parts.append(_set(pattern[at + 1 : end]))
            at = end
        else:
            parts.append(re2.escape(character))
        at += 1
    return re.sub(r"(?:\.\*){2,}", ".*", "".join(parts)) if "**" in pattern else "".join(parts)


def _end_of_set(pattern: str, start: int) -> int | None:
    """Where the set that begins at `start` ends; None when it does not: then `[` stands for itself."""
    first = start + 2 if pattern[start + 1 : start + 2] == "!" else start + 1
    end = pattern.find("]", first + 1)
    return end if end >= 0 else None


def _set(body: str) -> str:
    """Ranges that run backwards hold nothing, as in `fnmatch`."""
    is_negated = body.startswith("!")
    rest, parts = body[1:] if is_negated else body, []
    while rest:
        if len(rest) >= 3 and rest[1] == "-":
            low, high, rest = rest[0], rest[2], rest[3:]
            if low <= high:
                parts.append(f"{_in_set(low)}-{_in_set(high)}")
        else:
            parts.append(_in_set(rest[0]))
            rest = rest[1:]
    if not parts:
        return "." if is_negated else r"[^\x00-\x{10FFFF}]"
    return f"[{'^' if is_negated else ''}{''.join(parts)}]"


def _in_set(character: str) -> str:
    return f"\\x{{{ord(character):X}}}"
