"""From a claimed execution to the one process it becomes. Pure: everything looked up before is handed in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.actions.definition import Definition
from apps.executions.document import Handed, as_bytes, document_of, values_to_mask
from apps.executions.transitions import Claimed
from apps.runner.spec import LogLimits, OutputFormat, RunAs, RunSpec, WarmServer
from apps.runtimes.assignments import shell_assignments
from apps.runtimes.launch import Launch
from apps.runtimes.process_environ import environment_of


@dataclass(frozen=True, kw_only=True)
class Place:
    """Folders of this host, and what the operator lets actions see of the worker's environment."""

    work_root: Path
    artifacts_dir: Path
    pack_dir: Path
    api_url: str
    api_token: str
    """For an action that asks for one; else empty."""
    traceparent: str
    """Of what runs the action; empty where nothing is traced."""
    environ: Mapping[str, str]
    pass_env: Iterable[str]
    log: LogLimits
    warm_idle_s: float | None = None
    """How long a warm server waits for the next run; None: everything starts cold."""
    run_as: RunAs | None = None


def build_spec(
    claimed: Claimed,
    definition: Definition,
    *,
    launch: Launch,
    assignments: str | None,
    handed: Handed,
    place: Place,
) -> RunSpec:
    """What the runner is asked to do. Secrets are on stdin or another descriptor, and nowhere else.

    Raises `SecretInEnvironment`.
    """
    name = f"{claimed.id}-{claimed.attempt}"
    values = (item for secret in handed.masked for item in values_to_mask(secret))
    token = (place.api_token.encode(),) if place.api_token else ()
    masked = tuple(dict.fromkeys((*values, *token)))
    parameters = {**claimed.parameters, **handed.parameters}
    context = {
        "execution_id": claimed.id,
        "attempt": claimed.attempt,
        "action": claimed.action_ref,
        "pack": claimed.pack_ref,
        "config": handed.config,
        "api_url": place.api_url,
        **({"api_token": place.api_token} if place.api_token else {}),
        "trace_id": str(claimed.trace_id),
        "work_dir": str(place.work_root / name),
        "artifacts_dir": str(place.artifacts_dir),
    }
    shared = environment_of(
        definition.env, launch=launch, environ=place.environ, pass_env=place.pass_env, secrets=masked
    )
    document = document_of(parameters, handed.keys, context)
    in_file = definition.parameter_delivery == "file"
    return RunSpec(
        name=name,
        argv=launch.argv,
        env={**shared, **_own_environment(claimed, place)},
        work_root=place.work_root,
        stdin=as_bytes(document, "json" if in_file else definition.parameter_format),
        side_input=shell_assignments(parameters, handed.keys) if assignments == "shell" else None,
        input_file=as_bytes(document, definition.parameter_format) if in_file else None,
        output_format=OutputFormat(definition.output_format),
        has_secret_outputs=bool(definition.secret_outputs),
        timeout_s=claimed.timeout_s,
        secrets=masked,
        kill_on_silence=definition.on_lost == "requeue",
        log=place.log,
        run_as=place.run_as,
        warm=_warm_server(definition, shared, launch=launch, place=place),
        artifacts_dir=place.artifacts_dir,
    )


def _warm_server(
    definition: Definition, shared: Mapping[str, str], *, launch: Launch, place: Place
) -> WarmServer | None:
    """Without modules of its own, all packs with the same environment share one."""
    if launch.server is None or place.warm_idle_s is None or definition.warm == "off":
        return None
    interpreter, program, wrapper = launch.server
    lib, env = "", dict(shared)
    if definition.preload:
        lib, env["ATTUNE_PACK_DIR"] = str(place.pack_dir / "lib"), str(place.pack_dir)
    argv = (interpreter, program, f"{place.warm_idle_s:g}", wrapper, lib, *definition.preload)
    return WarmServer(argv=argv, env=env)


def _own_environment(claimed: Claimed, place: Place) -> dict[str, str]:
    return {
        "ATTUNE_EXECUTION_ID": str(claimed.id),
        "ATTUNE_ATTEMPT": str(claimed.attempt),
        "ATTUNE_ACTION": claimed.action_ref,
        "ATTUNE_PACK_DIR": str(place.pack_dir),
        **({"TRACEPARENT": place.traceparent} if place.traceparent else {}),
    }
