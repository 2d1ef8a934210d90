"""How workers look to people: the columns of their list, and the page about one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.cli.output.cells import Cell, age, moment, plain, status, strong
from apps.cli.output.pages import Column, Facts, Part, column


def describe(worker: Mapping[str, Any]) -> list[Part]:
    return [Facts(_facts(worker))]


def standing(worker: Mapping[str, Any]) -> str:
    """`w1 is draining, 3 run`"""
    return f"{worker['name']} is {worker['status']}, {worker['running']} run{'s' if worker['running'] == 1 else ''}"


def list_columns(now: datetime) -> list[Column]:
    return [
        column("WORKER", "name", strong),
        Column("STATUS", _status, ("status", "refusal", "is_stopping")),
        column("POOL", "pool"),
        Column("SLOTS", lambda row: plain(f"{row['running']}/{row['slots']}"), ("running", "slots"), is_number=True),
        column("RUNTIMES", "runtimes", _runtimes, may_fold=True),
        column("HEARTBEAT", "last_heartbeat", lambda value: age(value, now=now), is_number=True),
        column("HOST", "host"),
        column("PID", "pid", is_number=True),
        column("VERSION", "version"),
    ]


def _facts(worker: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    return [
        ("worker", strong(worker["name"])),
        ("status", _status(worker)),
        ("takes nothing", Cell(plain(worker["refusal"]).text, "red")),
        ("pool", plain(worker["pool"])),
        ("labels", plain(", ".join(f"{name}={value}" for name, value in worker["labels"].items()))),
        ("slots", plain(f"{worker['running']} of {worker['slots']} busy")),
        ("runtimes", _runtimes(worker["runtimes"])),
        ("missing", Cell("\n".join(plain(f"{name}: {why}").text for name, why in worker["missing_runtimes"].items()))),
        ("queues", Cell("\n".join(plain(queue).text for queue in worker["queues"]))),
        ("version", plain(worker["version"])),
        ("host", plain(worker["host"])),
        ("pid", plain(worker["pid"])),
        ("started", moment(worker["started_at"])),
        ("heartbeat", moment(worker["last_heartbeat"])),
        ("ended", moment(worker["ended_at"])),
    ]


def _status(worker: Mapping[str, Any]) -> Cell:
    """One that takes nothing, whatever its status says, is told from the others."""
    if worker["refusal"]:
        return Cell(f"{status(worker['status']).text}, takes nothing", "red")
    if worker["is_stopping"] and worker["status"] == "draining":
        return Cell("draining, stops", "yellow")
    return status(worker["status"])


def _runtimes(runtimes: Mapping[str, list[dict[str, Any]]]) -> Cell:
    """`python 3.11.7, shell 5.2.15`"""
    return plain([f"{name} {found['version']}" for name, installed in runtimes.items() for found in installed])
