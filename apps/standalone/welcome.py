"""What is printed when Attune is ready: where it is, how to enter, what to try."""

import os

from apps.standalone.environment import ADMIN_PASSWORD
from apps.standalone.layout import Layout
from apps.standalone.prepare import Prepared
from apps.standalone.report import Report


def welcome(layout: Layout, prepared: Prepared, *, url: str, report: Report, stops_with: str) -> None:
    """Print the greeting. Only that Attune is ready is kept in the log."""
    report.say(f"\nAttune is ready at {url}\n")
    tell_login(prepared, report=report)
    for label, text in (
        ("try", "script/attune run examples.hello name=World --wait"),
        ("", "script/attune execution list"),
        ("logs", str(layout.log)),
        ("stop", stops_with),
    ):
        report.confide(f"  {label:<12}{text}")
    report.confide("")


def tell_login(prepared: Prepared, *, report: Report) -> None:
    """Print who can log in; the password only if it was made just now and not by the operator."""
    if prepared.password and not os.environ.get(ADMIN_PASSWORD):
        report.confide(f"  log in as   {prepared.username}, password {prepared.password} (shown this once)")
    else:
        report.confide(f"  log in as   {prepared.username}")
