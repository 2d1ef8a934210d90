"""How many tests a program ran, from what it wrote: the summaries of unittest, pytest, minitest, PHPUnit and TAP (which
Node and Perl speak). Pure. A program that counts nothing is one test."""

import re
from dataclasses import dataclass

_TAP = re.compile(r"^(not )?ok \d+\b.*?(# ?skip\b.*|# ?todo\b.*)?$", re.IGNORECASE)
#: The last of each wins: a program may quote another's summary before its own.
_NODE = {
    name: re.compile(rf"^[#\u2139] {word} (\d+)$")
    for name, word in (("passed", "pass"), ("failed", "fail"), ("skipped", "skipped"))
}
_UNITTEST = re.compile(r"^Ran (\d+) tests? in ")
_UNITTEST_END = re.compile(r"^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$")
_PYTEST = re.compile(
    r"^=* ?((?:\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed|deselected|warnings?)(?:, )?)+) in [\d.]+s"
)
_MINITEST = re.compile(r"^(\d+) runs, \d+ assertions, (\d+) failures, (\d+) errors(?:, (\d+) skips)?")
_PHPUNIT_OK = re.compile(r"^OK \((\d+) tests?,")
_PHPUNIT = re.compile(r"^Tests: (\d+), .*?(?:, Errors: (\d+))?(?:, Failures: (\d+))?(?:, Skipped: (\d+))?\.?$")


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


class Counter:
    """Is fed the lines of a program."""

    def __init__(self) -> None:
        self._tap = Counts()
        self._summary: Counts | None = None
        self._node: dict[str, int] = {}
        self._ran = 0

    def line(self, text: str) -> None:
        text = text.strip("\r\n")
        if match := _TAP.match(text):
            self._tap += Counts(skipped=1) if match[2] else Counts(failed=1) if match[1] else Counts(passed=1)
        for name, pattern in _NODE.items():
            if match := pattern.match(text):
                self._node[name] = int(match[1])
        if match := _UNITTEST.match(text):
            self._ran = int(match[1])
        elif (match := _UNITTEST_END.match(text)) and not _PHPUNIT_OK.match(text):
            self._summary = _of_unittest(self._ran, match[1] or "")
        elif found := _of_others(text):
            self._summary = found

    def counts(self, *, has_passed: bool) -> Counts:
        """Of the whole. What the exit code says stands: a program that failed has a failed test."""
        if self._summary is not None:
            found = self._summary
        elif "passed" in self._node and "failed" in self._node:
            found = Counts(**self._node)
        else:
            found = self._tap
        if has_passed:
            return found if found != Counts() else Counts(passed=1)
        return found if found.failed else found + Counts(failed=1)


def _of_unittest(ran: int, words: str) -> Counts:
    said = dict(re.findall(r"(failures|errors|skipped)=(\d+)", words))
    failed, skipped = int(said.get("failures", 0)) + int(said.get("errors", 0)), int(said.get("skipped", 0))
    return Counts(max(0, ran - failed - skipped), failed, skipped)


def _of_others(text: str) -> Counts | None:
    if match := _PYTEST.match(text):
        said = {word.rstrip("s"): int(count) for count, word in re.findall(r"(\d+) (\w+)", match[1])}
        return Counts(said.get("passed", 0), said.get("failed", 0) + said.get("error", 0), said.get("skipped", 0))
    if match := _MINITEST.match(text):
        runs, failures, errors, skips = (int(group or 0) for group in match.groups())
        return Counts(runs - failures - errors - skips, failures + errors, skips)
    if match := _PHPUNIT_OK.match(text):
        return Counts(passed=int(match[1]))
    if match := _PHPUNIT.match(text):
        tests, errors, failures, skips = (int(group or 0) for group in match.groups())
        return Counts(tests - errors - failures - skips, errors + failures, skips)
    return None
