"""How webhooks and their deliveries look to people, and the line of curl that posts to one."""

import shlex
from collections.abc import Mapping
from typing import Any

from apps.cli.output.cells import Cell, moment, plain, precise_moment, size, strong, yes_no
from apps.cli.output.pages import Column, Facts, Part, Rows, column

_OUTCOME_STYLES = {"accepted": "green", "repeated": "cyan", "refused": "red"}


def _rate(value: int | None) -> Cell:
    return plain("no limit" if value is None else f"{value} a minute")


def _outcome(value: str) -> Cell:
    return Cell(value, _OUTCOME_STYLES.get(value, ""))


LIST_COLUMNS: list[Column] = [
    column("WEBHOOK", "url", strong),
    column("PROOF", "authentication"),
    column("ENABLED", "enabled", yes_no),
    column("RATE", "rate_per_minute", _rate),
    column("DESCRIPTION", "description", may_shrink=True),
]
DELIVERY_COLUMNS: list[Column] = [
    column("AT", "at", precise_moment),
    column("OUTCOME", "outcome", _outcome),
    column("REASON", "reason"),
    column("STATUS", "status", is_number=True),
    column("EVENT", "event", is_number=True),
    column("DELIVERY", "delivery", may_shrink=True),
    column("FROM", "address"),
    column("SIZE", "size", size, is_number=True),
]
_SECRET_COLUMNS = [
    column("SECRET", "number", is_number=True),
    column("MADE", "created_at", moment),
    column("COUNTS UNTIL", "ends_at", moment),
]


def describe(webhook: Mapping[str, Any], *, base_url: str) -> list[Part]:
    facts = [
        ("webhook", strong(webhook["url"])),
        ("post to", plain(base_url + webhook["path"])),
        ("proof", plain(webhook["authentication"])),
        ("enabled", yes_no(webhook["enabled"])),
        ("rate", _rate(webhook["rate_per_minute"])),
        ("gives results", yes_no(webhook["may_wait"])),
        ("headers kept", plain(", ".join(webhook["headers"]) or None)),
        ("pack", plain(webhook["pack"])),
        ("description", plain(webhook["description"])),
        ("made by", plain(webhook["created_by"] or "a rule that listens to it")),
        ("changed", moment(webhook["updated_at"])),
    ]
    parts: list[Part] = [Facts(facts)]
    if webhook["secrets"]:
        parts.append(Rows(webhook["secrets"], _SECRET_COLUMNS, title="Secrets"))
    return parts


def curl_lines(webhook: Mapping[str, Any], *, base_url: str) -> list[str]:
    """For a shell in which the secret stands in `$ATTUNE_WEBHOOK_SECRET`; where there is none, an API token in
    `$ATTUNE_TOKEN`."""
    to = shlex.quote(base_url + webhook["path"])
    names, proof = _PROOFS[webhook["authentication"]] if webhook["secrets"] else _API_TOKEN
    return [
        f"""body='{{"hello": "world"}}'{names}""",
        f"""curl -H 'Content-Type: application/json' {proof} -d "$body" {to}""",
    ]


def _hmac(text: str) -> str:
    return f"""$(printf %s "{text}" | openssl dgst -sha256 -hmac "$ATTUNE_WEBHOOK_SECRET" -r | cut -c1-64)"""


_API_TOKEN = ("", '-H "Authorization: Bearer $ATTUNE_TOKEN"')
#: What is said before, and the headers.
_PROOFS = {
    "token": ("", '-H "X-Attune-Token: $ATTUNE_WEBHOOK_SECRET"'),
    "github": ("", f'-H "X-Hub-Signature-256: sha256={_hmac("$body")}"'),
    "hmac": (
        " now=$(date +%s)",
        f'-H "X-Attune-Timestamp: $now" -H "X-Attune-Signature: v1={_hmac("$now.$body")}"',
    ),
}
