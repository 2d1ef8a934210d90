"""`python -m chaos.supervise`: the Attune that is hurt, with two of each role, as a process of its own.

`script/up` with other numbers: the same servers, preparation, roles and supervisor, and the environment it reads. Knows
nothing of faults, except that a Valkey that was killed may be told to come back with other data.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from apps.standalone import instance
from apps.standalone.child import Program
from apps.standalone.cli_profile import write_profile
from apps.standalone.embedded import START_TIMEOUT_S
from apps.standalone.environment import choose_settings, read_options, role_environment, write_settings
from apps.standalone.errors import StandaloneError
from apps.standalone.layout import Layout
from apps.standalone.prepare import prepare
from apps.standalone.records import Records
from apps.standalone.report import Report
from apps.standalone.roles import roles
from apps.standalone.secret_files import ensure_secrets
from apps.standalone.servers import Servers
from apps.standalone.stop_requests import StopRequests
from apps.standalone.supervisor import Backoff, Supervisor
from apps.standalone.up import ROLES_TIMEOUT_S

#: Of the roles that may run more than once.
COPIES = 2
_COPIED = ("conductor", "worker", "scheduler")
#: Written by whoever kills Valkey: the folder whose data it finds when it is back; an empty line for none.
NEXT_DATA = "valkey-next"


def main() -> int:
    layout, options = Layout.from_environ(), read_options()
    layout.make()
    report = Report(sys.stderr, log=layout.supervisor_log)
    with instance.sole_owner(layout.run), StopRequests() as requests:
        servers = Servers(layout, environ={})
        settings = choose_settings(
            layout,
            options=options,
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            secrets=ensure_secrets(layout.secrets, environ=os.environ),
        )
        write_settings(layout.env, settings)
        environment = role_environment(layout, settings)
        try:
            with Supervisor(Records(layout.run), report=report, requests=requests, backoff=_backoff) as supervisor:
                for program in servers.programs:
                    supervisor.start([_changeable(program, layout)], deadline_s=START_TIMEOUT_S)
                prepared = prepare(environment, requests=requests, new_token=True)
                write_profile(layout.cli_profile, url=options.url, token=prepared.token or "")
                once = roles(layout, options=options, environment=environment)
                supervisor.start(list(_copied(once)), deadline_s=ROLES_TIMEOUT_S)
                instance.announce(layout.run, url=options.url, is_ready=True)
                supervisor.watch()
        finally:
            instance.withdraw(layout.run)
            servers.clean_up()
    return 0


def _backoff() -> Backoff:
    """What is killed again and again is not at fault, and should come back soon enough to be killed again."""
    return Backoff(longest_s=2.0, healthy_after_s=5.0)


def _copied(once: list[Program]) -> Iterator[Program]:
    for program in once:
        if program.name not in _COPIED:
            yield program
            continue
        for number in range(1, COPIES + 1):
            name = f"{program.name}-{number}"
            yield replace(program, name=name, log=program.log.with_name(f"{name}.log"))


def _changeable(program: Program, layout: Layout) -> Program:
    if program.name != "valkey":
        return program

    def prepare_with_next_data() -> None:
        take_next_data(layout)
        program.prepare()

    return replace(program, prepare=prepare_with_next_data)


def take_next_data(layout: Layout) -> None:
    """Puts the data that somebody wished for in the place of what the killed server left."""
    wish = layout.var / NEXT_DATA
    if not wish.exists():
        return
    source = wish.read_text(encoding="utf-8").strip()
    shutil.rmtree(layout.valkey, ignore_errors=True)
    if source:
        shutil.copytree(Path(source), layout.valkey)
    wish.unlink()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StandaloneError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
