"""An examination for people: a line for each finding, and what to do below it; and for programs."""

from typing import Any

from apps.cli.doctor.examination import Examination
from apps.cli.doctor.findings import Level
from apps.cli.output.printer import Printer
from apps.cli.output.terminal import harmless

_MARKS = {Level.OK: "✓", Level.SKIPPED: "-", Level.WARNING: "!", Level.PROBLEM: "✗"}
_COLOURS = {Level.OK: "\x1b[32m", Level.SKIPPED: "\x1b[2m", Level.WARNING: "\x1b[33m", Level.PROBLEM: "\x1b[31m"}
_RESET = "\x1b[0m"


def report_of(examination: Examination) -> dict[str, Any]:
    """`{status, url, findings: [{check, level, text, details, todo}]}`; status is the worst level."""
    findings = [
        {
            "check": check,
            "level": finding.level.value,
            "text": finding.text,
            "details": list(finding.details),
            "todo": list(finding.todo),
        }
        for check, finding in examination.findings
    ]
    return {"status": examination.worst.value, "url": examination.url, "findings": findings}


def write_report(printer: Printer, examination: Examination) -> None:
    width = max((len(check) for check, _ in examination.findings), default=0)
    has_colours = printer.shows_colours(printer.out)
    for check, finding in examination.findings:
        mark = _MARKS[finding.level]
        coloured = f"{_COLOURS[finding.level]}{mark}{_RESET}" if has_colours else mark
        printer.out.write(f"{coloured} {check:{width}}  {harmless(finding.text)}\n")
        for detail in finding.details:
            printer.line(f"  {'':{width}}    {harmless(detail)}")
        for todo in finding.todo:
            printer.line(f"  {'':{width}}  → {harmless(todo)}")
    printer.line("")
    printer.line(_summary(examination))


def _summary(examination: Examination) -> str:
    levels = [finding.level for _, finding in examination.findings]
    problems, warnings = levels.count(Level.PROBLEM), levels.count(Level.WARNING)
    if not (problems or warnings):
        return "Nothing is wrong."
    counts = [
        f"{number} {noun}{'' if number == 1 else 's'}"
        for number, noun in ((problems, "problem"), (warnings, "warning"))
        if number
    ]
    return f"{' and '.join(counts)}."
