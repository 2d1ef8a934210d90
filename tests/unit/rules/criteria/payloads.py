"""Payloads, patterns and criteria of any kind, for tests that know none of them."""

from typing import Any

from hypothesis import strategies as st

from apps.rules.criteria import OPERATORS, SEARCH_CONDITIONS

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["a", "A", "2026-01-01T11:59:30Z", "{{ trigger.a }}", "(a|b)*", "[a-", "\x00"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
PAYLOADS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def _paths(root: str) -> st.SearchStrategy[str]:
    below = st.lists(st.sampled_from([".a", ".b", ".c", "[0]", ".0", "[-1]", "['a']", "[*]"]), max_size=3)
    return below.map(lambda steps: root + "".join(steps))


#: Patterns that compile, by what an operator takes; what does not is the business of other tests.
_PATTERNS: dict[str, st.SearchStrategy[Any]] = {
    "anything": st.sampled_from(["a", "A", 1, 1.0, True, [], ["a"], {"a": 1}, "{{ trigger.a }}"]),
    "text": st.sampled_from(["", "a", "A", "ab"]),
    "order": st.sampled_from([0, 5, -1.5, "a", "{{ trigger.b }}"]),
    "seconds": st.sampled_from([0, 60, -3600, "30"]),
    "members": st.sampled_from([["a", 1, None], "aAb", {"a": 1}, []]),
    "expression": st.sampled_from(["a", "^a+$", "(a|b)*", "\\d"]),
    "wildcard": st.sampled_from(["*", "a*", "[!a]?", "[a"]),
    "nothing": st.none(),
}
_BY_OPERATOR = {name: _PATTERNS[operator.takes] for name, operator in OPERATORS.items() if name != "search"}


def _plain(root: str) -> st.SearchStrategy[dict[str, Any]]:
    criterion = st.sampled_from(sorted(_BY_OPERATOR)).flatmap(
        lambda name: st.fixed_dictionaries({"type": st.just(name), "pattern": _BY_OPERATOR[name]})
    )
    return st.dictionaries(_paths(root), criterion, min_size=1, max_size=2)


def _search(root: str, within: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    criterion = st.fixed_dictionaries(
        {"type": st.just("search"), "condition": st.sampled_from(SEARCH_CONDITIONS), "pattern": within}
    )
    return st.dictionaries(_paths(root), criterion, min_size=1, max_size=1)


def _groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return (
        several.map(lambda criteria: {"any": criteria})
        | several.map(lambda criteria: {"all": criteria})
        | inner.map(lambda criteria: {"not": criteria})
    )


CRITERIA = st.recursive(_plain("trigger") | _search("trigger", _plain("item")), _groups, max_leaves=5)
