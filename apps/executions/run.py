"""A worker's way with one execution: claim it, look up what it needs, run it, say how it ended.

Database before and after, never during: the connection goes back to the pool while the process runs.
"""

import logging
import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import TypeVar

from django.conf import settings

from apps.actions.definition import Definition
from apps.core import tracing
from apps.core.crypto import SealBroken
from apps.core.database import again_if_given_up, first_line, release_connection, trouble_of
from apps.core.metrics.catalogue import CLAIMS, OUTPUT_BYTES, OUTPUT_TRUNCATED_BYTES, STARTS
from apps.core.metrics.counting import count
from apps.core.types import JsonObject
from apps.executions import dispatch
from apps.executions.api_tokens import api_token_for, end_api_tokens
from apps.executions.artifacts import keep_artifact
from apps.executions.definitions import definition_of
from apps.executions.document import Handed
from apps.executions.ending import Judge, ResultNotKept, failed
from apps.executions.files import artifacts_folder, attempt_folder
from apps.executions.handover import take_over
from apps.executions.models import Execution
from apps.executions.policies.loss import CutOff
from apps.executions.preparing import readable, spec_on, why_not_prepared
from apps.executions.secrets import handed
from apps.executions.services.building import building_told
from apps.executions.services.finish import Ending, finish
from apps.executions.spec import Place
from apps.executions.states import Status
from apps.executions.transitions import Claimed, StaleTransition, claim
from apps.packs.versions import ensure_unpacked
from apps.runner import process
from apps.runner.control import RunControl
from apps.runner.outcome import RunResult
from apps.runner.redact import masker_of
from apps.runner.removal import remove_tree
from apps.runner.spec import LogLimits, RunSpec
from apps.runtimes.environments import locks
from apps.runtimes.environments.errors import EnvironmentGone
from apps.workers.builds import environment_for
from apps.workers.host import Host, HostedRuntime

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Between tries to read what a run needs; the last one for ever between those to say how it ended.
_PAUSES_S = (0.2, 0.5, 1.0, 2.0)


def run_execution(execution_id: int, attempt: int, *, host: Host) -> None:
    """Follows one hint. A duplicate, stale or forged one runs nothing."""
    host.hints_heard += 1
    if not (host.intake.is_open and host.is_believed()):
        dispatch.owe([execution_id])
        return
    control = RunControl()
    with host.running(execution_id, control):
        try:
            claimed = _again(lambda: claim(execution_id, attempt=attempt, worker_id=host.worker_id))
        except Exception as error:
            if trouble_of(error) is None:
                raise
            # What the database took all the same is found at the next heartbeat, the rest is hinted at again.
            logger.warning("not claimed: %s", first_line(error), extra={"execution_id": execution_id})
            return
        count(CLAIMS, "refused" if claimed is None else "claimed")
        if claimed is None:
            _not_claimed(execution_id, attempt)
            return
        _run_to_its_end(claimed, control, host)


def _not_claimed(execution_id: int, attempt: int) -> None:
    """A duplicate, stale or forged hint; or this worker was cordoned a moment ago, and another one must be told."""
    logger.info("not claimed", extra={"execution_id": execution_id, "attempt": attempt})
    if Execution.objects.filter(pk=execution_id, attempt=attempt, status=Status.SCHEDULED).exists():
        dispatch.owe([execution_id])


def _run_to_its_end(claimed: Claimed, control: RunControl, host: Host) -> None:
    definition = _again(lambda: definition_of(claimed.definition_id))
    with tracing.span(claimed.action_ref, parent=claimed.traceparent, kind="consumer", facts=_traced(claimed)) as span:
        ending = _run_claimed(claimed, definition, control, host)
        span.tell({"attune.status": ending.status.value})
        if ending.error:
            span.fail(str(ending.error["type"]))
    try:
        status = _finish(claimed, ending, definition)
    except StaleTransition:
        logger.warning("its end came too late: this worker had been called lost", extra=_facts(claimed))
        return
    except Exception as error:  # noqa: BLE001 - or it would say for ever that it runs
        status = _finish(claimed, _bug(claimed, error), definition)
    logger.info("%s %s", claimed.action_ref, status, extra=_facts(claimed))


def _again(read: Callable[[], T]) -> T:
    return again_if_given_up(read, is_idempotent=True, pauses_s=_PAUSES_S)


def _finish(claimed: Claimed, ending: Ending, definition: Definition) -> Status:
    """Until the database has taken it: how the run ended is known nowhere else."""
    for pause_s in chain(_PAUSES_S, repeat(_PAUSES_S[-1])):
        try:
            end_api_tokens(claimed.id, definition, attempt=claimed.attempt)
            return finish(claimed, ending, rules=definition)
        except Exception as error:
            if trouble_of(error) is None:
                raise
            logger.warning("its end is kept until the database takes it: %s", first_line(error), extra=_facts(claimed))
        release_connection()
        time.sleep(pause_s)
    raise AssertionError  # it repeats for ever


def _run_claimed(claimed: Claimed, definition: Definition, control: RunControl, host: Host) -> Ending:
    """Whatever happens, an ending: an execution that runs nowhere must not say that it runs."""
    try:
        given = _again(lambda: handed(claimed, definition))
        with ExitStack() as held:
            spec = _again(lambda: _prepare(claimed, definition, given, control=control, host=host, held=held))
            release_connection()
            log_dir = _emptied(attempt_folder(claimed.id, claimed.attempt))
            result = process.run(spec, warden=host.warden, log_dir=log_dir, control=control)
            if spec.run_as is not None:
                _keep_artifacts(claimed, spec)
        count(STARTS, "warm" if result.is_warm else "cold")
        _count_output(result)
        judge = Judge(
            definition=definition,
            timeout_s=claimed.timeout_s,
            masker=masker_of(spec.secrets),
            keep_large=lambda data: _keep_large(claimed, data),
            lacking=given.lacking,
        )
        return judge.ending_of(result)
    except Exception as error:  # noqa: BLE001 - told apart there
        return _kept_from_running(claimed, error)


def _emptied(folder: Path) -> Path:
    """Of an attempt that begins. After a restore of the database, files of another execution of its number lie there,
    which are nobody's to see."""
    with suppress(FileNotFoundError):
        remove_tree(folder)
    return folder


def _kept_from_running(claimed: Claimed, error: Exception) -> Ending:
    if isinstance(error, SealBroken):
        return failed("secrets_unreadable", f"its secrets cannot be opened: {error}", may_retry=False)
    if ending := why_not_prepared(error):
        return ending
    if trouble := trouble_of(error):
        text = f"the database went away before it started: {first_line(error)}"
        reason = {"code": trouble.value, "text": text}
        return Ending(status=Status.ABANDONED, reason=reason, cut_off=CutOff.NOT_STARTED)
    return _bug(claimed, error)


def _bug(claimed: Claimed, error: Exception) -> Ending:
    logger.error("a bug ended it", exc_info=error, extra=_facts(claimed))
    return failed("internal_error", "this is a bug in Attune; the worker's log has it under the execution's id")


def _prepare(
    claimed: Claimed,
    definition: Definition,
    given: Handed,
    *,
    control: RunControl,
    host: Host,
    held: ExitStack,
) -> RunSpec:
    """Everything the process needs, on this host. What is held stays until the process has ended."""
    runtime = host.runtime(definition.runtime, definition.runtime_version)
    pack_dir = ensure_unpacked(claimed.pack_ref, claimed.pack_digest)
    entry_point = readable(pack_dir / "actions" / definition.entry_point)
    env_dir = _held_environment(claimed, runtime, control=control, host=host, held=held)
    place = _place(claimed, pack_dir, host, api_token=api_token_for(claimed, definition))
    return spec_on(runtime, claimed, definition, given, entry_point=entry_point, env_dir=env_dir, place=place)


def _held_environment(
    claimed: Claimed, runtime: HostedRuntime, *, control: RunControl, host: Host, held: ExitStack
) -> Path | None:
    """The pack's environment, built if need be, and kept from being removed; None where the runtime needs none."""
    for is_last in (False, False, True):
        with building_told(claimed) as on_build:
            env_dir = environment_for(
                claimed.pack_ref, claimed.pack_digest, runtime, host=host, control=control, on_build=on_build
            )
        if env_dir is None:
            return None
        try:
            held.enter_context(locks.hold(env_dir))
        except EnvironmentGone:  # replaced between the look and the lock
            if is_last:
                raise
            continue
        return env_dir
    raise AssertionError


def _place(claimed: Claimed, pack_dir: Path, host: Host, *, api_token: str) -> Place:
    artifacts_dir = artifacts_folder(claimed.id, claimed.attempt)
    if host.run_as is not None:  # who cannot pass through to where artifacts are kept
        artifacts_dir = host.work_root / f"{claimed.id}-{claimed.attempt}.artifacts"
    return Place(
        work_root=host.work_root,
        artifacts_dir=artifacts_dir,
        run_as=host.run_as,
        warm_idle_s=settings.ATTUNE_WARM_IDLE_S if settings.ATTUNE_WARM == "auto" else None,
        pack_dir=pack_dir,
        api_url=settings.ATTUNE_BASE_URL,
        api_token=api_token,
        traceparent=tracing.current.get(),
        environ=os.environ,
        pass_env=settings.ATTUNE_PASS_ENV,
        log=LogLimits(
            head_bytes=settings.ATTUNE_LOG_HEAD_BYTES,
            tail_bytes=settings.ATTUNE_LOG_TAIL_BYTES,
            total_bytes=settings.ATTUNE_LOG_TOTAL_BYTES,
        ),
    )


def _keep_artifacts(claimed: Claimed, spec: RunSpec) -> None:
    """An artifact that cannot be kept does not fail the run."""
    assert spec.artifacts_dir is not None, "every execution has one"
    try:
        take_over(spec.artifacts_dir, artifacts_folder(claimed.id, claimed.attempt))
    except OSError as error:
        logger.warning("its artifacts could not be kept: %s", error.strerror, extra=_facts(claimed))


def _keep_large(claimed: Claimed, data: bytes) -> str:
    """Writes a result the database does not take as an artifact of the attempt. Raises `ResultNotKept`."""
    try:
        return keep_artifact(claimed.id, claimed.attempt, "result.json", data)
    except OSError as error:
        text = f"its result of {len(data)} bytes, too large for the database, could not be written: {error.strerror}"
        raise ResultNotKept(text) from error


def _count_output(result: RunResult) -> None:
    for stream, totals in (("stdout", result.stdout), ("stderr", result.stderr)):
        count(OUTPUT_BYTES, stream, by=totals.total_bytes)
        count(OUTPUT_TRUNCATED_BYTES, stream, by=totals.truncated_bytes)


def _traced(claimed: Claimed) -> tracing.Facts:
    return {
        "attune.execution.id": claimed.id,
        "attune.attempt": claimed.attempt,
        "attune.action": claimed.action_ref,
        "attune.pack": claimed.pack_ref,
        "attune.pack.version": claimed.pack_version,
    }


def _facts(claimed: Claimed) -> JsonObject:
    return {"execution_id": claimed.id, "attempt": claimed.attempt}
