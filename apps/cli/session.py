"""What a command works with: the Attune that is meant, and the form in which to answer."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from apps.cli.config import Options, find_connection
from apps.cli.errors import UsageError
from apps.cli.output.printer import Format, Printer

if TYPE_CHECKING:
    from apps.cli.api import Api


@dataclass(frozen=True)
class GlobalOptions:
    """What may be typed with every command, before its name or behind it."""

    profile: str | None = None
    url: str | None = None
    token: str | None = None
    json: bool = False
    yaml: bool = False

    def over(self, others: "GlobalOptions") -> "GlobalOptions":
        """These, and where nothing was typed here, `others`."""
        return GlobalOptions(
            profile=self.profile or others.profile,
            url=self.url or others.url,
            token=self.token or others.token,
            json=self.json or (others.json and not self.yaml),
            yaml=self.yaml or (others.yaml and not self.json),
        )

    @property
    def format(self) -> Format:
        if self.json and self.yaml:
            raise UsageError("--json and --yaml: one of them, please")
        return Format.JSON if self.json else Format.YAML if self.yaml else Format.TABLE


class Session:
    """Lives as long as one command. The connection is made when it is first used."""

    def __init__(self, options: GlobalOptions, environ: Mapping[str, str] = os.environ) -> None:
        self._options = options
        self._environ = environ
        self.printer = Printer(options.format, environ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if "api" in self.__dict__:
            self.api.close()

    @property
    def options(self) -> Options:
        """What was typed about which Attune is meant."""
        return Options(self._options.profile, self._options.url, self._options.token)

    @cached_property
    def api(self) -> "Api":
        """Raises `BadConfiguration` when it is not known which Attune is meant."""
        from apps.cli.api import Api  # httpx: 110 ms that a wrong command line need not pay

        return Api(find_connection(self.options, self._environ, warn=lambda text: self.printer.say(f"warning: {text}")))
