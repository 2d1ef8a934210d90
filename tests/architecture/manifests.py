"""Reads what lies in docker/ without a container engine."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
_DEFAULT = re.compile(r"\$\{(\w+):-([^}]*)\}")


@dataclass(frozen=True)
class Instruction:
    word: str
    rest: str


def dockerfile() -> list[Instruction]:
    """Its instructions in their order, comments left out and continued lines joined."""
    lines = [line for line in (DOCKER / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    parts = (line.strip().partition(" ") for line in text.splitlines() if line.strip())
    return [Instruction(word, rest.strip()) for word, _, rest in parts]


def image_environment() -> dict[str, str]:
    (given,) = [item.rest for item in dockerfile() if item.word == "ENV"]
    return dict(word.split("=", 1) for word in shlex.split(given))


def own_services() -> dict[str, dict[str, Any]]:
    """Those that run the image of Attune."""
    services: dict[str, dict[str, Any]] = COMPOSE["services"]
    return {name: item for name, item in services.items() if "attune:latest" in item["image"]}


def with_defaults(text: str) -> str:
    """As Compose reads it where the operator has set nothing."""
    return _DEFAULT.sub(lambda found: found[2], text)


def service_environment(service: Mapping[str, Any]) -> dict[str, str]:
    return {name: with_defaults(str(value)) for name, value in service.get("environment", {}).items()}


def mounts_of(service: Mapping[str, Any]) -> dict[str, bool]:
    """Folder in the container → whether it is read-only."""
    found = {}
    for volume in service.get("volumes", ()):
        words = with_defaults(volume).split(":")
        found[words[1] if len(words) > 1 else words[0]] = words[-1] == "ro"
    return found


def kubernetes(kind: str = "") -> Iterator[dict[str, Any]]:
    """All objects, or those of one kind."""
    for path in sorted((DOCKER / "k8s").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if not kind or document["kind"] == kind:
                yield document


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and template of everything that runs."""
    for document in kubernetes():
        if document["kind"] in ("Deployment", "Job"):
            yield document["metadata"]["name"], document["spec"]["template"]


def units() -> dict[str, dict[str, list[str]]]:
    """Unit file → directive → its values."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted((DOCKER / "systemd").glob("*.service")):
        directives = found.setdefault(path.name, {})
        for line in path.read_text().splitlines():
            if line and line[0] not in "#[":
                name, _, value = line.partition("=")
                directives.setdefault(name, []).append(value)
    return found
