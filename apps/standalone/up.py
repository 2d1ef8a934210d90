"""Starts Attune on this machine, and stays to keep it running."""

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from apps.standalone import instance
from apps.standalone.child import POLL_S, Process
from apps.standalone.cli_profile import read_token, write_profile
from apps.standalone.embedded import START_TIMEOUT_S
from apps.standalone.environment import (
    ADMIN_PASSWORD,
    Options,
    choose_settings,
    read_options,
    role_environment,
    write_settings,
)
from apps.standalone.errors import StandaloneError, StartFailedError
from apps.standalone.layout import ROOT, Layout
from apps.standalone.leftovers import end_leftovers
from apps.standalone.preloaded import Preloaded
from apps.standalone.prepare import Prepared, prepare, spawn_preparation
from apps.standalone.records import Records
from apps.standalone.report import Report
from apps.standalone.roles import roles
from apps.standalone.secret_files import ensure_secrets
from apps.standalone.servers import Servers
from apps.standalone.stop_requests import StopRequests
from apps.standalone.supervisor import Supervisor
from apps.standalone.welcome import tell_login, welcome

#: What all roles import.
PRELOAD = "attune.preload"
PRELOAD_LOG = "preloaded.log"

#: Several Pythons that import everything at once, on a slow machine that never did. Seconds.
ROLES_TIMEOUT_S = 180.0

#: Between taking the lock and saying who took it. Seconds; generous.
ANNOUNCED_WITHIN_S = 5.0


def up(layout: Layout, *, report: Report, leaves_terminal: bool) -> None:
    """Start everything, say how to use it, and keep it running until a signal asks for a stop.

    1. Become the sole owner of the folder; where there is one, wait until it is ready, say so and return.
    2. End what a killed predecessor left; look at port and secrets before anything is started.
    3. Databases, preparation, roles, each when the ones before are ready.
    4. Watch. With `leaves_terminal` the caller's terminal is let go first.

    Raises StandaloneError; then everything that was started has been stopped.
    """
    options = read_options()
    layout.make()
    try:
        with instance.sole_owner(layout.run):
            instance.announce(layout.run, url=options.url, is_ready=False)
            try:
                report.say(f"Starting Attune in {layout.var}")
                _Start(layout, options, report, leaves_terminal=leaves_terminal).run()
            finally:
                instance.withdraw(layout.run)
    except instance.AlreadyRunningError:
        _wait_for_the_other(layout, report=report)


@dataclass(frozen=True)
class _Start:
    layout: Layout
    options: Options
    report: Report
    leaves_terminal: bool

    def run(self) -> None:
        with StopRequests() as requests:
            end_leftovers(self.layout, report=self.report)
            _check_port(self.options.port)
            secrets = ensure_secrets(self.layout.secrets, environ=os.environ)
            servers = Servers(self.layout, environ=os.environ)
            try:
                self._run_with(servers, secrets, requests)
            finally:
                servers.clean_up()

    def _run_with(self, servers: Servers, secrets: dict[str, str], requests: StopRequests) -> None:
        settings = choose_settings(
            self.layout,
            options=self.options,
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            secrets=secrets,
        )
        write_settings(self.layout.env, settings)
        environment = role_environment(self.layout, settings)
        with Supervisor(Records(self.layout.run), report=self.report, requests=requests) as supervisor:
            # It imports while the servers start.
            with Preloaded(PRELOAD, environment=environment, cwd=ROOT, log=self.layout.log / PRELOAD_LOG) as preloaded:
                for program in servers.programs:
                    with self.report.step(f"starting {program.name}"):
                        supervisor.start([program], deadline_s=START_TIMEOUT_S)
                preloaded.wait(requests)
                if not preloaded.is_usable:
                    self.report.say(f"  each role imports for itself; {self.layout.log / PRELOAD_LOG} says why")
                prepared = self._prepare(environment, requests, preloaded)
                try:
                    self._start_roles(supervisor, environment, preloaded)
                except BaseException:
                    tell_login(prepared, report=self.report)  # the next start will not know the password any more
                    raise
            self._hand_over(prepared)
            supervisor.watch()
            self.report.say("\nStopping Attune.")

    def _prepare(self, environment: dict[str, str], requests: StopRequests, preloaded: Preloaded) -> Prepared:
        self.report.say("  preparing the database")
        known = read_token(self.layout.cli_profile)
        prepared = prepare(
            {**environment, **self._chosen_password()},
            requests=requests,
            new_token=known is None,
            begin=partial(_begin_preparation, preloaded),
        )
        token = prepared.token or known
        if token is None:
            raise StartFailedError("`manage.py prepare` was asked for a token and gave none.")
        write_profile(self.layout.cli_profile, url=self.options.url, token=token)
        return prepared

    def _chosen_password(self) -> dict[str, str]:
        """Return the operator's choice of a password: for the preparation alone, no role ever has it."""
        chosen = os.environ.get(ADMIN_PASSWORD)
        return {ADMIN_PASSWORD: chosen} if chosen else {}

    def _start_roles(self, supervisor: Supervisor, environment: dict[str, str], preloaded: Preloaded) -> None:
        programs = roles(self.layout, options=self.options, environment=environment)
        with self.report.step(f"starting {', '.join(program.name for program in programs)}"):
            supervisor.start(programs, deadline_s=ROLES_TIMEOUT_S, by=preloaded.start)

    def _hand_over(self, prepared: Prepared) -> None:
        welcome(
            self.layout,
            prepared,
            url=self.options.url,
            report=self.report,
            stops_with="script/down" if self.leaves_terminal else "Ctrl-C, or script/down",
        )
        if self.leaves_terminal:
            self.report.leave_terminal()
        instance.announce(self.layout.run, url=self.options.url, is_ready=True)


def _begin_preparation(
    preloaded: Preloaded, words: Sequence[str], environment: Mapping[str, str], stdout: int
) -> Process:
    argv = (sys.executable, *words)
    forked = preloaded.fork(
        argv, environment=environment, cwd=ROOT, outputs=(stdout, sys.stderr.fileno()), death_signal=signal.SIGKILL
    )
    return forked or spawn_preparation(words, environment, stdout)


def _check_port(port: int) -> None:
    with socket.socket(socket.AF_INET) as probe:
        # As the web role does it: a port whose last connections are closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            what = "is taken by another program" if error.errno == errno.EADDRINUSE else error.strerror
            raise StandaloneError(
                f"Port {port} of 127.0.0.1 {what}. Choose another one: ATTUNE_PORT={_another(port)} script/up"
            ) from error


def _another(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8001


def _wait_for_the_other(layout: Layout, *, report: Report) -> None:
    if (other := _find_other(layout)) is None:
        raise StandaloneError("Another script/up or script/down was at work in this folder. Try again.")
    if not other.is_ready:
        report.say("Attune is being started by another script/up; waiting until it is ready.")
    while not other.is_ready:
        time.sleep(POLL_S)
        if (other := instance.find_instance(layout.run)) is None:
            raise StandaloneError("The other script/up did not succeed; what it printed says why.")
    report.say(f"Attune is already running at {other.url}")


def _find_other(layout: Layout) -> instance.Instance | None:
    # It may have taken the lock a moment ago and not have said yet who it is.
    deadline = time.monotonic() + ANNOUNCED_WITHIN_S
    while (other := instance.find_instance(layout.run)) is None and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return other
