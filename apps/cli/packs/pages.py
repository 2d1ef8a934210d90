"""How packs and environments look to people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.cli.output.cells import Cell, age, block, moment, plain, size, status, strong, yes_no
from apps.cli.output.pages import Column, Facts, Part, column

PACK_COLUMNS = [
    column("PACK", "ref", strong),
    column("VERSION", "version"),
    column("ENABLED", "enabled", yes_no),
    column("ACTIONS", "actions", is_number=True),
    column("DESCRIPTION", "description", may_shrink=True),
]

INDEX_COLUMNS = [
    column("NAME", "name", strong),
    column("VERSION", "version"),
    column("SOURCE", "source", may_shrink=True),
    column("DESCRIPTION", "description", may_shrink=True),
]


def describe_pack(pack: Mapping[str, Any]) -> list[Part]:
    facts = [
        ("pack", strong(pack["ref"])),
        ("label", plain(pack["label"])),
        ("description", plain(pack["description"])),
        ("version", plain(pack["version"])),
        ("digest", plain(pack["digest"])),
        ("source", plain(pack.get("source"))),
        ("commit", plain(pack.get("commit"))),
        ("ad hoc", yes_no(pack.get("ad_hoc", False))),
        ("enabled", yes_no(pack["enabled"])),
        ("actions", plain(pack["actions"])),
        ("author", plain(pack["author"])),
        ("keywords", plain(pack["keywords"])),
        ("installed", moment(pack["installed_at"])),
        ("updated", moment(pack["updated_at"])),
    ]
    return [Facts(facts)]


def version_columns(now: datetime) -> list[Column]:
    return [
        column("VERSION", "version", strong),
        column("DIGEST", "digest", lambda value: plain(value[:12])),
        column("SERVES", "serves", yes_no),
        column("FILES", "files", is_number=True),
        column("SIZE", "size_bytes", size, is_number=True),
        column("INSTALLED BY", "installed_by"),
        column("AGE", "installed_at", lambda value: age(value, now=now), is_number=True),
        column("SOURCE", "source", may_shrink=True),
    ]


def environment_columns(now: datetime) -> list[Column]:
    return [
        column("PACK", "pack", strong),
        column("RUNTIME", "runtime"),
        column("STATUS", "status", status),
        column("GENERATION", "generation", is_number=True),
        column("VERSION", "version"),
        column("PACKAGES", "packages", lambda value: plain(len(value)), is_number=True),
        column("DISK", "disk_bytes", size, is_number=True),
        column("BUILT BY", "built_by"),
        column("CHANGED", "updated_at", lambda value: age(value, now=now), is_number=True),
        column("ERROR", "error", may_shrink=True),
    ]


USAGE_COLUMNS = [
    column("VOLUME", "volume", strong),
    column("ENVIRONMENTS", "environments", is_number=True),
    column("DISK", "disk_bytes", size, is_number=True),
]


def describe_environment(row: Mapping[str, Any]) -> list[Part]:
    packages = [f"{name} {version}" for name, version in sorted(row["packages"].items())]
    facts = [
        ("pack", strong(row["pack"])),
        ("runtime", plain(row["runtime"])),
        ("status", status(row["status"])),
        ("error", block(row["error"] or "")),
        ("generation", plain(row["generation"] or None)),
        ("interpreter", plain(row["interpreter"])),
        ("version", plain(row["version"])),
        ("executable", plain(row["executable"])),
        ("asked for", Cell("\n".join(plain(item).text for item in row["dependencies"]))),
        ("packages", Cell("\n".join(plain(item).text for item in packages))),
        ("size", size(row["size_bytes"] or None)),
        ("on disk", size(row["disk_bytes"] or None)),
        ("problems", Cell("\n".join(plain(item).text for item in row["problems"]))),
        ("validated", moment(row["validated_at"])),
        ("built by", plain(row["built_by"])),
        ("installed", moment(row["installed_at"])),
        ("volume", plain(row["volume"])),
    ]
    parts: list[Part] = [Facts(facts)]
    if row.get("log"):
        parts.append(Facts([("", block(row["log"]))], title="Log of the last build"))
    return parts
