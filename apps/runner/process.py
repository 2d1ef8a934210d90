"""Run one process: `run` is the whole of it, and the only thing the worker calls.

| module | its one job |
|---|---|
| spec, outcome | what is asked and what is answered |
| workdir, channels, order, warm | what a run needs before it starts |
| warden_client, control | hand it over, and stop it |
| pump, stdin, talk, output, capture, redact, logfile | move its bytes |
| warden/ | start it, end it, leave nothing behind |
"""

import logging
import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from apps.runner.channels import Channels
from apps.runner.control import RunControl
from apps.runner.loglayout import Stream
from apps.runner.order import active_limits, build_order
from apps.runner.outcome import Ended, RunResult
from apps.runner.output import Listener, Outputs
from apps.runner.pump import Pump
from apps.runner.spec import Limits, RunSpec, Says
from apps.runner.talk import Talk
from apps.runner.warden.wire import NEVER_STARTED, NO_KEY, Cause, Report, Stage, Start
from apps.runner.warden_client import Warden, WardenUnavailableError
from apps.runner.warm import order_of_server
from apps.runner.workdir import work_dir
from apps.runner.workplace import kill_processes_of

logger = logging.getLogger(__name__)

_USUAL_LIMITS = Limits()

_ENDED = {
    Cause.TIMEOUT: Ended.TIMEOUT,
    Cause.STOPPED: Ended.STOPPED,
    Cause.LOST: Ended.LOST,
    Cause.SPAWN_FAILED: Ended.SPAWN_FAILED,
}
_STAGES = {
    Stage.FORK: "no process could be forked",
    Stage.DESCRIPTORS: "its descriptors could not be set up",
    Stage.IDENTITY: "its user could not be changed",
    Stage.WORK_DIR: "its work directory could not be entered",
    Stage.LIMITS: "its limits could not be set",
    Stage.EXEC: "the program could not be started",
}


def run(
    spec: RunSpec,
    *,
    warden: Warden,
    log_dir: Path,
    control: RunControl,
    on_output: Listener | None = None,
    talk: Talk | None = None,
) -> RunResult:
    """Run a process to its end, and to the end of everything it started; blocks until then.

    `log_dir` is the folder of this attempt; it is made when it is needed. `on_output` gets masked
    output as it comes, in the calling thread. `talk` is for a spec that `says` lines; an exception of its taker kills
    the process and is raised. Whatever else happens to the process, to warden or supervisor,
    or to the log is told in the result and not raised. When this returns, nothing of the run is left but
    its log and its artifacts.
    """
    if control.stop_reason is not None:
        return RunResult(ended=Ended.STOPPED, stop_reason=control.stop_reason)
    with ExitStack() as prepared:
        try:
            channels = prepared.enter_context(
                Channels(
                    order=build_order(spec).encode(),
                    stdin=spec.stdin,
                    side_input=spec.side_input,
                    run_as=spec.run_as,
                    inbox=talk.inbox if talk is not None else None,
                )
            )
            prepared.enter_context(work_dir(spec))  # after the channels: removed before they are left
        except OSError as error:
            return _not_prepared(error)
        outputs = prepared.enter_context(Outputs(spec, log_dir=log_dir, listener=on_output))
        control.attach(channels.supervisor)
        prepared.callback(control.detach)
        return _run_prepared(spec, channels, outputs, warden=warden, control=control, talk=talk)


def _run_prepared(
    spec: RunSpec, channels: Channels, outputs: Outputs, *, warden: Warden, control: RunControl, talk: Talk | None
) -> RunResult:
    if control.stop_reason is not None:
        return RunResult(ended=Ended.STOPPED, stop_reason=control.stop_reason)
    channels.feeder.feed()  # most inputs fit into the pipe, and are done with here
    try:
        server = order_of_server(spec)
        key = server.key if server is not None else NO_KEY
        warden.spawn(
            channels.handed_over,
            claimed_at=control.made_at,
            server=key,
            has_own_limits=spec.limits != _USUAL_LIMITS,
        )
    except WardenUnavailableError as error:
        logger.exception("run %s was not started", spec.name)
        return RunResult(ended=Ended.LOST, spawn_error=str(error))
    channels.close_theirs()
    try:
        report = _pump(channels, outputs, spec, talk).run()
        if talk is not None:
            outputs.remark(talk.hear(b""))
    except BaseException:
        channels.abandon()  # or the work directory would be removed under a living process
        raise
    outputs.close()
    if report is None:
        _end_strays(spec)
    if server is not None and report is not None and report.start is Start.UNSERVED:
        warden.serve(server.key, server.order)
    return _result(spec, report, outputs, control)


def _end_strays(spec: RunSpec) -> None:
    """Of a run that is lost: nobody is left to kill them where supervisor and warden were killed together."""
    for pid in kill_processes_of(spec.work_dir):
        logger.warning("process %d of the lost run %s was killed", pid, spec.name)


def _pump(channels: Channels, outputs: Outputs, spec: RunSpec, talk: Talk | None) -> Pump:
    pump = Pump(channels.supervisor, feeder=channels.feeder, deferred=outputs.log)
    takers = {
        channels.stdout: outputs.stdout.take,
        channels.stderr: outputs.stderr.take,
        channels.result: outputs.result.feed,
        channels.error: outputs.error.feed,
    }
    if talk is not None:
        said = channels.stdout if spec.says is Says.STDOUT else channels.result
        takers[said] = partial(_hear, talk, outputs)
    for descriptor, taker in takers.items():
        pump.add_stream(descriptor, taker)
    return pump


def _hear(talk: Talk, outputs: Outputs, data: bytes) -> None:
    outputs.remark(talk.hear(data))


def _not_prepared(error: OSError) -> RunResult:
    message = f"the run could not be prepared: {error}"
    return RunResult(ended=Ended.SPAWN_FAILED, errno=error.errno, spawn_error=message)


def _result(spec: RunSpec, report: Report | None, outputs: Outputs, control: RunControl) -> RunResult:
    report = report or Report(cause=Cause.LOST)
    ended, exit_code, signum = _end(report)
    result_bytes = outputs.result.content() or None
    source = outputs.result if result_bytes is not None else outputs.for_result
    return RunResult(
        ended=ended,
        exit_code=exit_code,
        signal=signum,
        stop_reason=control.stop_reason if ended is Ended.STOPPED else None,
        errno=report.error_number or None,
        spawn_error=_spawn_error(spec, report),
        oom=report.out_of_memory,
        duration_s=report.duration_s,
        result_bytes=result_bytes,
        result_overflow=source.overflow,
        error_bytes=outputs.error.content(),
        stdout_for_result=outputs.for_result.content(),
        stderr_tail=outputs.stderr.tail,
        stdout=outputs.log.totals(Stream.STDOUT),
        stderr=outputs.log.totals(Stream.STDERR),
        log_failed=outputs.log.failed,
        max_rss_bytes=report.max_rss_bytes,
        cpu_s=report.cpu_s,
        killed_descendants=report.killed,
        unkillable_descendants=report.unkillable,
        is_warm=report.start is Start.WARM,
        active_limits=active_limits(spec.limits),
    )


def _end(report: Report) -> tuple[Ended, int | None, int | None]:
    """What ended it, exit code, signal."""
    status = report.wait_status
    if report.cause is Cause.SPAWN_FAILED or status == NEVER_STARTED:
        return _ENDED.get(report.cause, Ended.LOST), None, None
    if os.WIFSIGNALED(status):
        return _ENDED.get(report.cause, Ended.SIGNALED), None, os.WTERMSIG(status)
    return _ENDED.get(report.cause, Ended.EXITED), os.waitstatus_to_exitcode(status), None


def _spawn_error(spec: RunSpec, report: Report) -> str | None:
    if report.cause is not Cause.SPAWN_FAILED:
        return None
    reason = os.strerror(report.error_number) if report.error_number else "see the worker's log"
    return f"{spec.argv[0]}: {_STAGES[Stage(report.stage)]}: {reason}"
