"""What is printed when Attune is ready: where it is, how to enter, what to try."""

from apps.standalone.layout import Layout
from apps.standalone.prepare import Prepared
from apps.standalone.report import Report


def welcome(
    layout: Layout, prepared: Prepared, *, url: str, report: Report, shows_password: bool, stops_with: str
) -> None:
    """Print the greeting; the password only if it was made just now and `shows_password`. It is not kept."""
    report.say(f"\nAttune is ready at {url}\n")
    if prepared.password and shows_password:
        report.confide(f"  log in as   {prepared.username}, password {prepared.password} (shown this once)")
    else:
        report.confide(f"  log in as   {prepared.username}")
    for label, text in (
        ("try", "script/attune run examples.hello name=World --wait"),
        ("", "script/attune execution list"),
        ("logs", str(layout.log)),
        ("stop", stops_with),
    ):
        report.confide(f"  {label:<12}{text}")
    report.confide("")
