"""Runs the checks in their order. What others need comes first, and where it fails they are not tried."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from apps.cli.config import Options
from apps.cli.doctor import fleet, here, services, work
from apps.cli.doctor.deployment import Deployment
from apps.cli.doctor.findings import Finding, Level, problem, skipped
from apps.cli.errors import ApiError, CliError


class Need(Enum):
    """What a check cannot do without."""

    NOTHING = 0
    SERVER = 1
    DATABASE = 2
    TOKEN = 3
    WORKERS = 4


@dataclass(frozen=True)
class Check:
    """`name` is stable: scripts look for it. `gives` is what the checks behind it need of this one."""

    name: str
    run: Callable[[Deployment], Iterable[Finding]]
    needs: Need
    gives: Need | None = None


CHECKS: Sequence[Check] = (
    Check("profile", here.profile, Need.NOTHING),
    Check("reach", here.reach, Need.NOTHING, gives=Need.SERVER),
    Check("tls", here.tls, Need.SERVER),
    Check("clock", here.clocks, Need.SERVER),
    Check("database", services.database, Need.SERVER, gives=Need.DATABASE),
    Check("migrations", services.migrations, Need.SERVER),
    Check("redis", services.redis, Need.SERVER),
    Check("disk", services.disk, Need.SERVER),
    Check("token", here.token, Need.DATABASE, gives=Need.TOKEN),
    Check("version", here.versions, Need.DATABASE),
    Check("workers", fleet.workers, Need.TOKEN, gives=Need.WORKERS),
    Check("heartbeats", fleet.heartbeats, Need.WORKERS),
    Check("runtimes", fleet.runtimes, Need.WORKERS),
    Check("trust", fleet.trust, Need.WORKERS),
    Check("queues", fleet.queues, Need.WORKERS),
    Check("waiting", work.waiting, Need.TOKEN),
    Check("environments", work.environments, Need.TOKEN),
    Check("sensors", work.sensors, Need.TOKEN),
    Check("limits", work.limits, Need.TOKEN),
    Check("operations", work.operations, Need.TOKEN),
)


@dataclass(frozen=True)
class Examination:
    """Findings by check; checks that could not be made because of an earlier finding are left out."""

    url: str | None
    findings: Sequence[tuple[str, Finding]]

    @property
    def worst(self) -> Level:
        order = list(Level)
        return max((finding.level for _, finding in self.findings), key=order.index, default=Level.OK)


def examine(options: Options, *, checks: Sequence[Check] = CHECKS) -> Examination:
    """Looks, and changes nothing. Never raises a `CliError`: it becomes a finding."""
    findings: list[tuple[str, Finding]] = []
    given = {Need.NOTHING}
    with Deployment(options, os.environ) as deployment:
        for check in checks:
            if check.needs not in given:
                continue
            found = _run(check, deployment)
            findings += [(check.name, finding) for finding in found]
            is_sound = all(finding.level is not Level.PROBLEM for finding in found)
            if check.name == "profile" and not is_sound:
                break
            if check.gives is not None and is_sound:
                given.add(check.gives)
        url = deployment.connection.url if "connection" in deployment.__dict__ else None
    return Examination(url, findings)


def _run(check: Check, deployment: Deployment) -> list[Finding]:
    try:
        return list(check.run(deployment))
    except ApiError as error:
        if error.status == 403:
            return [skipped("you may not look at this: attune whoami")]
        return [problem(error.message, *error.hints)]
    except CliError as error:
        return [problem(error.message, *error.hints, details=[str(detail) for detail in error.details])]
