"""Templates of runtime files."""

from apps.runtimes.templates import names_in, render


def test_names_are_put_in_wherever_they_stand() -> None:
    assert render("{a}/x{b}", {"a": "1", "b": "2"}) == "1/x2"


def test_doubled_braces_are_braces() -> None:
    assert render("{{a}} {a}", {"a": "1"}) == "{a} 1"


def test_braces_around_something_else_are_literal() -> None:
    assert render("${HOME} {} {1} {A} awk '{ print }'", {}) == "${HOME} {} {1} {A} awk '{ print }'"


def test_a_value_that_looks_like_a_template_is_not_looked_at_again() -> None:
    assert render("{a}{b}", {"a": "{b}", "b": "{a}"}) == "{b}{a}"


def test_names_are_told_in_order_and_without_those_in_doubled_braces() -> None:
    assert names_in("{b}{{c}}{a}") == ["b", "a"]
