"""Tests are counted by what their programs say."""

import pytest

from apps.executions.pack_tests.counting import Counter, Counts


def counts(text: str, *, has_passed: bool) -> Counts:
    counter = Counter()
    for line in text.splitlines(keepends=True):
        counter.line(line)
    return counter.counts(has_passed=has_passed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ran 3 tests in 0.001s\n\nOK\n", Counts(3)),
        ("Ran 4 tests in 0.001s\n\nOK (skipped=1)\n", Counts(3, 0, 1)),
        ("===== 2 passed, 1 skipped, 1 warning in 0.12s =====\n", Counts(2, 0, 1)),
        ("..  [100%]\n2 passed in 0.01s\n", Counts(2)),
        ("ok 1 - a\nok 2 - b # skip no network\n1..2\n", Counts(1, 0, 1)),
        ("# tests 3\n# pass 2\n# fail 0\n# skipped 1\n", Counts(2, 0, 1)),
        ("\u2139 tests 2\n\u2139 pass 2\n\u2139 fail 0\n", Counts(2)),
        ("5 runs, 9 assertions, 0 failures, 0 errors, 1 skips\n", Counts(4, 0, 1)),
        ("OK (3 tests, 7 assertions)\n", Counts(3)),
        ("all is well\n", Counts(1)),
        ("", Counts(1)),
    ],
)
def test_what_passed(text: str, expected: Counts) -> None:
    assert counts(text, has_passed=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ran 3 tests in 0.001s\n\nFAILED (failures=1, errors=1)\n", Counts(1, 2)),
        ("===== 1 failed, 2 passed, 1 error in 0.12s =====\n", Counts(2, 2)),
        ("ok 1 - a\nnot ok 2 - b\n", Counts(1, 1)),
        ("5 runs, 9 assertions, 1 failures, 2 errors, 0 skips\n", Counts(2, 3)),
        ("Tests: 4, Assertions: 7, Errors: 1, Failures: 1, Skipped: 1.\n", Counts(1, 2, 1)),
        ("ok 1 - a\n", Counts(1, 1)),
        ("boom\n", Counts(0, 1)),
    ],
)
def test_what_failed_has_a_failure_whatever_was_counted(text: str, expected: Counts) -> None:
    assert counts(text, has_passed=False) == expected
