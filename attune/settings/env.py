"""Reads the operator's settings: environment first, then `NAME_FILE`, then `attune.yaml`, then the default.

Every setting an operator may change stands in `CATALOGUE`; the settings table of the documents is made from it.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

Kind = Literal["text", "int", "float", "bool", "path", "list", "secret", "days"]

#: Of `days`: kept for ever.
NEVER = "never"

BASE_DIR = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Setting:
    """One name an operator may set. `secret` ones may also come from a file named by `<name>_FILE`."""

    name: str
    kind: Kind
    default: str
    help: str
    minimum: float | None = None


CATALOGUE: tuple[Setting, ...] = (
    Setting("DATABASE_URL", "secret", "", "PostgreSQL, `postgresql://user:password@host:port/name`"),
    Setting("REDIS_URL", "secret", "", "Redis or Valkey, `redis://host:port/0` or `unix:///path?db=0`"),
    Setting("ATTUNE_SECRET_KEY", "secret", "", "Signs sessions; at least 50 random characters"),
    Setting(
        "ATTUNE_ENCRYPTION_KEYS",
        "secret",
        "",
        "Keyring, one `id:base64 of 32 bytes` a line (or separated by commas); the first encrypts, all decrypt",
    ),
    Setting("ATTUNE_ALLOWED_HOSTS", "list", "localhost,127.0.0.1,[::1]", "Host names the web role answers to"),
    Setting("ATTUNE_BASE_URL", "text", "http://127.0.0.1:8000", "Origin under which users reach the web role"),
    Setting("ATTUNE_VAR_DIR", "path", "var", "Where `script/up` keeps data, logs and what it chose"),
    Setting("ATTUNE_PORT", "int", "8000", "Port of the web role started by `script/up`", 1),
    Setting("ATTUNE_ADMIN_PASSWORD", "text", "", "Password of the first administrator; random when it is not set"),
    Setting("ATTUNE_SESSION_AGE_S", "int", "43200", "Seconds after a login when its session ends", 60),
    Setting("ATTUNE_SESSION_IDLE_S", "int", "7200", "Seconds after which a session ends that nobody uses", 60),
    Setting("ATTUNE_POSTGRES_BIN", "text", "", "Folder of the PostgreSQL programs for `script/up`"),
    Setting("ATTUNE_VALKEY_BIN", "text", "", "Folder of the Valkey or Redis server for `script/up`"),
    Setting("ATTUNE_VENV", "text", ".venv", "Folder in which the scripts keep Attune's own Python environment"),
    Setting(
        "ATTUNE_PYTHON", "text", "", "The Python with which the scripts make it; default: the first that is new enough"
    ),
    Setting("ATTUNE_PACKS_DIR", "path", "var/packs", "Where pack versions are unpacked on every host"),
    Setting("ATTUNE_RUNTIME_ENVS_DIR", "path", "var/runtime_envs", "Where environments of packs are built"),
    Setting("ATTUNE_ARTIFACTS_DIR", "path", "var/artifacts", "Logs, artifacts and pack archives"),
    Setting("ATTUNE_WORK_DIR", "path", "var/work", "Parent of the private work folders of running actions"),
    Setting(
        "ATTUNE_LOCAL_DIR",
        "text",
        "",
        "Where the command line keeps environments of packs that it runs without a server; default `~/.cache/attune`",
    ),
    Setting("ATTUNE_WORKER_NAME", "text", "", "Name of the worker; default `{host}-{pool}-{n}`"),
    Setting("ATTUNE_WORKER_SLOTS", "int", "10", "Executions one worker runs at a time", 1),
    Setting("ATTUNE_WORKER_LABELS", "list", "", "Labels of the worker, `key=value`, separated by commas"),
    Setting(
        "ATTUNE_WORKER_RUNTIMES", "list", "", "Runtimes a worker serves, by name; default: all it finds on its host"
    ),
    Setting("ATTUNE_POOL", "text", "default", "Pool a worker serves"),
    Setting("ATTUNE_HEARTBEAT_S", "float", "5", "Seconds between two heartbeats of a worker", 0.1),
    Setting("ATTUNE_LOST_AFTER_S", "float", "30", "A worker without a heartbeat for so long is lost", 1),
    Setting("ATTUNE_DRAIN_S", "float", "60", "Seconds a stopping worker waits for its executions", 0),
    Setting("ATTUNE_TASK_TIMEOUT_S", "float", "300", "Time limit of an action that names none", 0.1),
    Setting("ATTUNE_BUILD_TIMEOUT_S", "float", "1800", "Time limit of an environment's build", 1),
    Setting("ATTUNE_BUILD_MAX_BYTES", "int", "8589934592", "Bytes an environment may take on disk", 1048576),
    Setting("ATTUNE_LOG_HEAD_BYTES", "int", "2097152", "First bytes of a stream that are always kept", 1024),
    Setting("ATTUNE_LOG_TAIL_BYTES", "int", "8388608", "Newest bytes of a stream that are kept", 1024),
    Setting("ATTUNE_LOG_TOTAL_BYTES", "int", "20971520", "Bytes of log one execution may keep in all", 4096),
    Setting(
        "ATTUNE_RETENTION_EXECUTIONS_DAYS",
        "days",
        "30",
        "Days an execution is kept after its end, with its history and files; `never`: it is never removed",
        0.01,
    ),
    Setting(
        "ATTUNE_RETENTION_EVENTS_DAYS", "days", "30", "Days events are kept, with what rules said, or `never`", 0.01
    ),
    Setting("ATTUNE_RETENTION_AUDIT_DAYS", "days", "365", "Days audit records are kept, 30 at least, or `never`", 30),
    Setting("ATTUNE_RETENTION_LOGS_DAYS", "days", "7", "Days its logs are kept, or `never`", 0.01),
    Setting("ATTUNE_RETENTION_ARTIFACTS_DAYS", "days", "30", "Days its artifacts are kept, or `never`", 0.01),
    Setting(
        "ATTUNE_RETENTION_DELIVERIES_DAYS",
        "days",
        "30",
        "Days the log of a webhook keeps a delivery, or `never`; of each webhook the newest 1,000 are kept",
        0.01,
    ),
    Setting(
        "ATTUNE_RETENTION_OPERATIONS_DAYS",
        "days",
        "30",
        "Days operations and their logs, and results of internal tasks, are kept, or `never`",
        0.01,
    ),
    Setting("ATTUNE_RETENTION_IDEMPOTENCY_KEYS_DAYS", "days", "1", "Days a key is remembered, or `never`", 0.01),
    Setting(
        "ATTUNE_RETENTION_WORKERS_DAYS",
        "days",
        "30",
        "Days a lost or stopped worker is listed, or `never`; longer where a kept execution ran on it",
        0.01,
    ),
    Setting(
        "ATTUNE_RETENTION_PACK_VERSIONS",
        "int",
        "2",
        "Newest versions of each pack that are kept, to go back to; also the current one, and what still runs",
        1,
    ),
    Setting(
        "ATTUNE_DISK_FLOOR_MB",
        "int",
        "200",
        "A worker takes nothing new while a disk it writes to has fewer MiB left; 0: only when it cannot write",
        0,
    ),
    Setting(
        "ATTUNE_WARM",
        "text",
        "auto",
        "`auto`: actions are forked by a warm server where there is one, unless they or their packs say `warm: off`; "
        "`off`: every action starts cold",
    ),
    Setting("ATTUNE_WARM_IDLE_S", "float", "300", "Seconds a warm server waits for the next action before it ends", 1),
    Setting("ATTUNE_WARM_SERVERS", "int", "8", "Warm servers one worker has at most; 0: none", 0),
    Setting("ATTUNE_PASS_ENV", "list", "", "Variables of the worker handed on to actions (proxies, CA files)"),
    Setting(
        "ATTUNE_RUN_AS",
        "list",
        "",
        "User of actions and builds, where the worker runs as root: `attune-run`, `1234:1234`, or `pool=user` for each "
        "pool; default: the worker's own",
    ),
    Setting("ATTUNE_PACKAGE_INDEX_URL", "text", "", "Package index for builds; default: what pip is set up with"),
    Setting("ATTUNE_MAX_UPLOAD_BYTES", "int", "52428800", "Largest archive of a pack that may be uploaded", 1024),
    Setting("ATTUNE_PACK_INDEX_URL", "text", "", "Index of packs: an https address, or a file on the server"),
    Setting(
        "ATTUNE_FETCH_ALLOW",
        "list",
        "",
        "What the server may fetch besides public https addresses: networks (`10.0.0.0/8`), hosts (`git.internal`), "
        "hosts without TLS (`http://mirror.internal`)",
    ),
    Setting("ATTUNE_GIT_PROTOCOLS", "list", "https,ssh", "Protocols of git packs may come over: https, ssh, file"),
    Setting("ATTUNE_DB_POOL_SIZE", "int", "8", "Database connections one process may hold", 2),
    Setting(
        "ATTUNE_METRICS_TOKEN",
        "secret",
        "",
        "Bearer token for `/metrics`; without one it answers only to this machine, and only under `script/up`",
    ),
    Setting("ATTUNE_LOG_FORMAT", "text", "text", "`text` or `json`: one object a line"),
    Setting(
        "ATTUNE_OTLP_ENDPOINT",
        "text",
        "",
        "OpenTelemetry collector for traces, `http://host:4318`; needs `requirements-otel.txt`",
    ),
    Setting("ATTUNE_MAX_BODY_BYTES", "int", "1048576", "Largest body of a request, counted while it arrives", 65536),
    Setting("ATTUNE_MAX_ADDRESS_BYTES", "int", "8192", "Longest address of a request with its query", 1024),
    Setting("ATTUNE_MAX_HEADER_BYTES", "int", "32768", "Size of a request's headers in all", 4096),
    Setting(
        "ATTUNE_CORS_ORIGINS",
        "list",
        "",
        "Origins whose pages may use the REST API with a token: `https://portal.example.org`, separated by commas",
    ),
    Setting("ATTUNE_HSTS_SECONDS", "int", "31536000", "How long browsers insist on HTTPS after one visit", 0),
    Setting("ATTUNE_HSTS_PRELOAD", "bool", "false", "Whether the domain may be built into browsers as HTTPS only"),
    Setting("ATTUNE_ALIVE_PATH", "text", "", "File a worker, conductor or scheduler touches while it works"),
)

_BY_NAME = {setting.name: setting for setting in CATALOGUE}


@cache
def _from_yaml() -> Mapping[str, str]:
    path = Path(os.environ.get("ATTUNE_CONFIG_YAML", BASE_DIR / "attune.yaml"))
    if not path.is_file():
        return {}
    document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(document, dict):
        raise ImproperlyConfigured(f"{path}: expected a mapping of setting names to values")
    known = {setting.name.lower() for setting in CATALOGUE}
    if unknown := sorted(str(key) for key in document if key not in known):
        raise ImproperlyConfigured(f"{path}: unknown settings {', '.join(unknown)}")
    return {
        key.upper(): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in document.items()
    }


def text(name: str) -> str:
    """The raw text of a setting of `CATALOGUE`; an unreadable `NAME_FILE` stops the start."""
    setting = _BY_NAME[name]
    if value := os.environ.get(name, ""):
        return value
    if file := os.environ.get(f"{name}_FILE", ""):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {file}: {error.strerror}") from error
    return _from_yaml().get(name, setting.default)


def number(name: str) -> float:
    setting, value = _BY_NAME[name], text(name)
    try:
        parsed = float(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number") from error
    if not math.isfinite(parsed):
        raise ImproperlyConfigured(f"{name}={value} is not finite")
    if setting.minimum is not None and not parsed >= setting.minimum:
        forever = f"; to keep for ever, say {NEVER}" if setting.kind == "days" else ""
        raise ImproperlyConfigured(f"{name}={value} is below {setting.minimum:g}{forever}")
    return parsed


def integer(name: str) -> int:
    value = number(name)
    if value != int(value):
        raise ImproperlyConfigured(f"{name}={value} is not a whole number")
    return int(value)


def days(name: str) -> timedelta | None:
    """A length of time; None for `never`."""
    return None if text(name) == NEVER else timedelta(days=number(name))


def choice(name: str, *known: str) -> str:
    value = text(name)
    if value not in known:
        raise ImproperlyConfigured(f"{name}={value!r} is none of {', '.join(known)}")
    return value


def boolean(name: str) -> bool:
    return choice(name, "true", "false") == "true"


def items(name: str) -> list[str]:
    return [item.strip() for item in text(name).split(",") if item.strip()]


def path(name: str) -> Path:
    return (BASE_DIR / Path(text(name)).expanduser()).absolute()


def database(url: str) -> dict[str, object]:
    """`DATABASE_URL` as Django's settings, with a connection pool per process."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured("DATABASE_URL is not a PostgreSQL address") from error
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    options = {key: value for key, value in parts.items() if key not in known}
    # What was not used for so long is given back, one at a time: a backend takes PostgreSQL three megabytes.
    # Reconnecting backs off without a bound for as long as `reconnect_timeout`; then whoever asks next begins anew:
    # else requests would be refused for minutes after a long absence of the database has ended.
    waits = {"timeout": 3, "reconnect_timeout": 4, "max_idle": 5}
    pool = {"min_size": 1, "max_size": integer("ATTUNE_DB_POOL_SIZE"), **waits}
    return {
        "ENGINE": "apps.core.postgresql",
        **{setting: str(parts.get(key) or "") for key, setting in known.items()},
        "OPTIONS": {**options, "pool": pool, "application_name": "attune"},
        "CONN_MAX_AGE": 0,
        # A pooled connection may have died with a restarted server; the check costs 0.1 ms.
        "CONN_HEALTH_CHECKS": True,
    }


def broker_url(redis_url: str) -> str:
    """redis-py says `unix:///path?db=0` where Celery says `redis+socket:///path?virtual_host=0`."""
    if not redis_url.startswith("unix://"):
        return redis_url
    location, _, query = redis_url.removeprefix("unix://").partition("?")
    options = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    return f"redis+socket://{location}?virtual_host={options.get('db', '0')}"


def closed_paths() -> list[str]:
    """Files and folders that hold secrets or other people's results: not for the user of actions to read."""
    files = [os.environ.get(f"{setting.name}_FILE", "") for setting in CATALOGUE if setting.kind == "secret"]
    config = os.environ.get("ATTUNE_CONFIG_YAML", str(BASE_DIR / "attune.yaml"))
    var = path("ATTUNE_VAR_DIR")
    folders = [str(path("ATTUNE_ARTIFACTS_DIR")), *(str(var / name) for name in ("env", "secrets", "log", "cli.toml"))]
    return [name for name in (*files, config, *folders) if name]
