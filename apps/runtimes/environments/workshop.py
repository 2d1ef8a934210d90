"""Where one generation is built: a private scratch folder, a clean environment, a deadline, a log.

Lifecycle: entering makes the scratch folder inside the generation; `command` runs things; leaving removes
it. A builder that is killed leaves it in a generation without metadata, which the next build removes as a
whole.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from apps.runtimes.environments.build_environ import build_environ
from apps.runtimes.environments.errors import BuildFailed, BuildTimedOut
from apps.runtimes.environments.line_log import LineLog
from apps.runtimes.environments.network_errors import is_network_error
from apps.runtimes.environments.permissions import give_to
from apps.runtimes.environments.request import BuildSettings, CommandRunner, CommandTimedOut, Log

_SCRATCH = ".build"


class CommandFailed(BuildFailed):
    """A command of the build failed. `reason` is what it said of that; `is_network`: trying again may help."""

    code = "environment_build_command_failed"

    def __init__(self, detail: str, *, reason: str = "", is_network: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason or detail
        self.is_network = is_network


class Workshop:
    """One build, for one thread. `settings.timeout_s` counts for all its commands together."""

    def __init__(self, folder: Path, *, settings: BuildSettings, run: CommandRunner, log: Log) -> None:
        self.settings = settings
        self.scratch = folder / _SCRATCH
        # Whoever runs as the user of builds could spoil a cache of theirs for the next pack.
        self.cache_dir = self.scratch / "cache" if settings.owner else settings.cache_dir
        self.env: Mapping[str, str] = build_environ(
            settings.environ, scratch=self.scratch, also=settings.pass_env, has_logins=settings.owner is None
        )
        self.log = LineLog(log)
        self.log.mask(value for name, value in self.env.items() if name.lower().endswith("_proxy"))
        self._run = run
        self._deadline = time.monotonic() + settings.timeout_s

    def __enter__(self) -> Self:
        self.scratch.mkdir(mode=0o700)
        give_to(self.scratch, self.settings.owner)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.log.flush()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def command(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        """Runs a command of the build. Raises `CommandFailed` with what it said last, or `BuildTimedOut`."""
        program = Path(argv[0]).name
        self.log.start_tail()
        try:
            exit_code = self._run(
                argv,
                env={**self.env, **(env or {})},
                cwd=cwd,
                timeout_s=self._remaining_s(),
                output=self.log.feed,
            )
        except CommandTimedOut as error:
            raise BuildTimedOut(f"The build took longer than {self.settings.timeout_s:g} s, in {program}.") from error
        self.log.flush()
        if exit_code:
            ended = f"exit code {exit_code}" if exit_code > 0 else f"signal {-exit_code}"
            is_network = is_network_error(self.log.tail())
            raise CommandFailed(f"{program} failed with {ended}.", reason=self.log.reason(), is_network=is_network)

    def download(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        offline: Sequence[str] = (),
    ) -> None:
        """Like `command`, for one that needs the network: tried again, after a longer pause each time, where the
        network was at fault, and only there. With the arguments `offline` it makes do with its cache in the end.

        Raises what `command` raises; of several failures, the last that had the network.
        """
        for pause_s in self.settings.network_pauses_s:
            try:
                self.command(argv, cwd=cwd, env=env)
            except CommandFailed as error:
                if not error.is_network:
                    raise
                self.log.say(f"{error.detail} The network was at fault: trying again in {pause_s:g} s.")
                time.sleep(min(pause_s, self._remaining_s()))
            else:
                return
        try:
            self.command(argv, cwd=cwd, env=env)
        except CommandFailed as error:
            if not (error.is_network and offline):
                raise
            self.log.say(f"{error.detail} The network stays away: trying with what the cache holds.")
            self._make_do([*argv, *offline], cwd=cwd, env=env, instead_of=error)

    def _make_do(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None, instead_of: CommandFailed
    ) -> None:
        try:
            self.command(argv, cwd=cwd, env=env)
        except CommandFailed as error:
            raise instead_of from error

    def cache_for(self, name: str) -> Path:
        """A folder that outlasts the build, for what `name` downloads; it belongs to whoever builds."""
        folder = self.cache_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        if self.settings.owner is not None:
            self.give(self.cache_dir)
        return folder

    def write(self, path: Path, content: bytes) -> Path:
        """A file that commands of the build may read and replace."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        give_to(path, self.settings.owner)
        return path

    def give(self, folder: Path) -> None:
        """All of a folder to the user builds run as."""
        for path in (folder, *folder.rglob("*")):
            give_to(path, self.settings.owner)

    def _remaining_s(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise BuildTimedOut(f"The build took longer than {self.settings.timeout_s:g} s.")
        return remaining
