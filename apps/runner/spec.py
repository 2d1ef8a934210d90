"""What the worker asks of the runner: frozen values, checked when they are made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB

#: a run's name names its work directory
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class OutputFormat(StrEnum):
    """How stdout becomes a result where nothing came over the result descriptor."""

    AUTO = "auto"
    JSON = "json"
    YAML = "yaml"
    JSONL = "jsonl"
    TEXT = "text"


class Says(StrEnum):
    """Where a program that goes on says its lines (see `talk`): on a descriptor named in ATTUNE_EVENT_FD, or stdout."""

    DESCRIPTOR = "descriptor"
    STDOUT = "stdout"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Resource limits of every process of a run (setrlimit); None: as the worker has it.

    They hold per process, not per run, and never exceed what the worker itself is limited to. Core
    dumps are always off: they would hold secrets. `processes` counts all processes of a user, so it
    needs `run_as`. A program over `address_space_bytes` sees its allocations fail, nothing else.
    """

    open_files: int | None = 4096
    file_size_bytes: int | None = None
    address_space_bytes: int | None = None
    cpu_s: int | None = None
    processes: int | None = None


@dataclass(frozen=True, kw_only=True)
class RunAs:
    """Another user for the action. Needs a worker that runs as root, and a work root it can pass through."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class LogLimits:
    """What is kept of the output: per stream a head and the newest tail, `total_bytes` of both streams.

    The tail is dropped in whole parts, so between `tail_bytes - part_bytes` and `tail_bytes` of it stay.
    """

    head_bytes: int = 2 * MIB
    tail_bytes: int = 8 * MIB
    part_bytes: int = 2 * MIB
    total_bytes: int = 20 * MIB

    def __post_init__(self) -> None:
        if not 0 < self.part_bytes <= self.tail_bytes or self.head_bytes < 0 or self.total_bytes < 0:
            raise ValueError(f"log limits do not fit together: {self}")


@dataclass(frozen=True, kw_only=True)
class WarmServer:
    """A process that can start runs of this kind faster, by forking.

    Runs with an equal one, and the same user, share it.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    """The whole environment but HOME and TMPDIR. Nothing of a single run."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run of one action. Fields that may hold secrets stay out of `repr`."""

    name: str
    """`<execution>-<attempt>`. A fresh 0700 work directory of this name is made, and removed at the end."""
    argv: tuple[str, ...]
    """The program, by absolute path, and its arguments. No shell, and never a secret."""
    env: Mapping[str, str]
    """The whole environment; the runner adds HOME, TMPDIR, ATTUNE_RESULT_FD, ATTUNE_ERROR_FD and, where they
    apply, ATTUNE_ASSIGNMENTS_FD and ATTUNE_INPUT_FILE; ATTUNE_EVENT_FD instead of the first two for one that says
    lines."""
    work_root: Path
    cwd: Path | None = None
    """Where it starts, if not in its work directory."""
    stdin: bytes = field(default=b"", repr=False)
    side_input: bytes | None = field(default=None, repr=False)
    """A second input on a descriptor of its own, named in ATTUNE_ASSIGNMENTS_FD."""
    input_file: bytes | None = field(default=None, repr=False)
    """Becomes a 0600 file in the work directory, named in ATTUNE_INPUT_FILE."""
    output_format: OutputFormat = OutputFormat.AUTO
    says: Says | None = None
    """None: an action, which has a result instead."""
    has_secret_outputs: bool = False
    """Lines of stdout that may be the result are kept out of the log."""
    timeout_s: float | None = None
    grace_s: float = 10.0
    """Between TERM and KILL, shared by all processes of the run."""
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """Raw values to mask in everything that is logged."""
    kill_on_silence: bool = True
    """The worker falls silent: kill at once and count as lost (`on_lost: requeue`), or go on."""
    limits: Limits = Limits()
    run_as: RunAs | None = None
    result_max_bytes: int = 16 * MIB
    log: LogLimits = LogLimits()
    warm: WarmServer | None = None
    """What may start it; it starts by itself where that is not there."""
    artifacts_dir: Path | None = None
    """Made 0700 before the start, for the action to leave files in; the runner does not look into it."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a run cannot be named {self.name!r}")
        if not self.argv or not self.argv[0].startswith("/"):
            raise ValueError("argv must begin with the absolute path of a program")
        if any("\0" in text for text in (*self.argv, *self.env, *self.env.values())):
            raise ValueError("argv and environment cannot hold NUL")
        if any(not name or "=" in name for name in self.env):
            raise ValueError("the name of an environment variable is neither empty nor holds '='")
        if not self.work_root.is_absolute() or not (self.cwd or self.work_root).is_absolute():
            raise ValueError("work_root and cwd must be absolute")
        if self.grace_s < 0 or (self.timeout_s is not None and self.timeout_s <= 0):
            raise ValueError("timeout_s must be positive, grace_s not negative")
        if self.limits.processes is not None and self.run_as is None:
            raise ValueError("a limit of processes counts all of a user, so it needs run_as")

    @property
    def work_dir(self) -> Path:
        """Where the run works; it exists while it runs."""
        return self.work_root / self.name
