"""Makes commands of functions: adds what all commands take, and turns every end into an exit code."""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from apps.cli.completion import values
from apps.cli.errors import CliError, ExitCode, Failed
from apps.cli.output.printer import Format, Printer
from apps.cli.quick_parameters import QuickCommand, QuickGroup
from apps.cli.session import GlobalOptions, Session

P = ParamSpec("P")

#: 128 + SIGPIPE: the reader of our output has gone, as when piped into `head`.
_PIPE_CLOSED = 141

Profile = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="a profile of the configuration file", autocompletion=values.profiles
    ),
]
Url = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="the Attune that is meant, instead of the profile's")
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="better in ATTUNE_TOKEN or a profile: everybody on this host can read what stands on a command line",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="exactly what the API says, as JSON; of a list, the array of its results")
]
Yaml = Annotated[bool, typer.Option("--yaml", help="the same as YAML")]

_TOO = "as before the noun"
_HIDDEN = {
    "profile": Annotated[str | None, typer.Option("--profile", hidden=True, help=_TOO, autocompletion=values.profiles)],
    "url": Annotated[str | None, typer.Option("--url", hidden=True, help=_TOO)],
    "token": Annotated[str | None, typer.Option("--token", hidden=True, help=_TOO)],
}
_FORMATS = {"json": Json, "yaml": Yaml}
_CONTEXT = {"help_option_names": ["-h", "--help"]}


def new_app(**settings: Any) -> typer.Typer:
    """A Typer with the house's settings: plain help, which is there three times as fast as Rich's."""
    settings = {"cls": QuickGroup, "no_args_is_help": True, "add_completion": False, **settings}
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=_CONTEXT, **settings)


def noun(help_: str) -> typer.Typer:
    """A group of commands, also while it has only one."""
    app = new_app(help=help_)
    app.callback()(lambda: None)
    return app


def command(
    app: typer.Typer, name: str, *, has_formats: bool = True
) -> Callable[[Callable[Concatenate[Session, P], int | None]], Callable[Concatenate[Session, P], int | None]]:
    """Registers a function that takes a `Session` and returns its exit code; None is 0.

    The global options may stand behind the command too; --json and --yaml only with `has_formats`.
    """

    def register(
        function: Callable[Concatenate[Session, P], int | None],
    ) -> Callable[Concatenate[Session, P], int | None]:
        @functools.wraps(function)
        def run(ctx: typer.Context, **values: Any) -> None:
            typed = GlobalOptions(
                **{option: values.pop(option) for option in (*_HIDDEN, *_FORMATS) if option in values}
            )
            code = _run(typed.over(ctx.find_object(GlobalOptions) or GlobalOptions()), function, values)
            raise typer.Exit(code)

        run.__signature__ = _signature(function, has_formats=has_formats)  # type: ignore[attr-defined]  # inspect's own
        app.command(name, cls=QuickCommand, context_settings=_CONTEXT)(run)
        return function

    return register


def _signature(function: Callable[..., Any], *, has_formats: bool) -> inspect.Signature:
    """The function's, with a context in the session's place and the global options behind."""
    own = list(inspect.signature(function).parameters.values())[1:]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    added = [
        *(_option(name, kind, default=False) for name, kind in _FORMATS.items() if has_formats),
        *(_option(name, kind, default=None) for name, kind in _HIDDEN.items()),
    ]
    return inspect.Signature([context, *own, *added])


def _option(name: str, annotation: Any, *, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _run(options: GlobalOptions, function: Callable[..., int | None], values: dict[str, Any]) -> int:
    """The exit code; what went wrong has been said."""
    try:
        with Session(options) as session:
            code = function(session, **values)
            sys.stdout.flush()
        return code or ExitCode.OK
    except CliError as error:
        return _complain(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at its end, and must not find the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except Exception as error:
        if os.environ.get("ATTUNE_DEBUG"):
            raise
        hint = "this is a bug in the command line; ATTUNE_DEBUG=1 shows where"
        return _complain(Failed("internal_error", f"{type(error).__name__}: {error}", hints=[hint]))


def _complain(error: CliError) -> int:
    Printer(Format.TABLE, os.environ).complain(error)
    return error.exit_code
