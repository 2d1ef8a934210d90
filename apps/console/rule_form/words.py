"""The operators of criteria as people say them, and which of their names the builder offers."""

from collections.abc import Iterator

from apps.rules.criteria import OPERATORS, SEARCH_CONDITIONS

_VERBS = (
    (("equals", "eq"), "equals"),
    (("nequals", "neq"), "does not equal"),
    (("iequals", "ieq"), "equals, in any case,"),
    (("contains",), "contains"),
    (("ncontains",), "does not contain"),
    (("icontains",), "contains, in any case,"),
    (("incontains",), "does not contain, in any case,"),
    (("startswith",), "starts with"),
    (("istartswith",), "starts, in any case, with"),
    (("endswith",), "ends with"),
    (("iendswith",), "ends, in any case, with"),
    (("inside", "in"), "is one of"),
    (("ninside", "nin"), "is none of"),
    (("lessthan", "lt"), "is less than"),
    (("greaterthan", "gt"), "is greater than"),
    (("exists",), "exists"),
    (("nexists",), "does not exist"),
    (("regex",), "matches"),
    (("iregex",), "matches, in any case,"),
    (("matchregex",), "matches from its beginning"),
    (("matchwildcard",), "matches the wildcard"),
    (("timediff_lt", "td_lt"), "is less long ago, in seconds, than"),
    (("timediff_gt", "td_gt"), "is longer ago, in seconds, than"),
    (("search",), "has items for which"),
)
_BY_NAME = {name: verb for names, verb in _VERBS for name in names}
_OFFERED = tuple((names[0], verb) for names, verb in _VERBS)
#: How many items must match, and how many of the criteria each.
CONDITIONS = tuple(
    zip(
        SEARCH_CONDITIONS,
        (
            "any item meets all of the criteria",
            "all items meet all of the criteria",
            "any item meets any of the criteria",
            "all items meet any of the criteria",
        ),
        strict=True,
    )
)


def verb_of(operator: str) -> str:
    """The name itself where it is none of ours."""
    return _BY_NAME.get(operator, operator)


def operators_for(chosen: str) -> Iterator[tuple[str, str]]:
    """Name and words of what is offered; `chosen` as well, if it is another name, or none at all."""
    if chosen not in dict(_OFFERED):
        yield chosen, f"{verb_of(chosen)} ({chosen})" if chosen in OPERATORS else chosen
    for name, verb in _OFFERED:
        yield name, verb.rstrip(",")
