"""Every table has a page. Where services own the data the page is read-only: status is written in one place."""

from apps.console.admin import (
    accounts,
    actions,
    audit,
    executions,
    keys,
    operations,
    packs,
    results,
    rules,
    runtimes,
    sensors,
    triggers,
    workers,
)

__all__ = [
    "accounts",
    "actions",
    "audit",
    "executions",
    "keys",
    "operations",
    "packs",
    "results",
    "rules",
    "runtimes",
    "sensors",
    "triggers",
    "workers",
]
