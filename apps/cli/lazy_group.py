"""The root of the command line: a noun's module is imported when its command is typed, not before."""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from apps.cli.quick_parameters import QuickGroup


@dataclass(frozen=True)
class Noun:
    """`module` has a `typer.Typer` named `app`; `help` is the noun's line in the list of all."""

    module: str
    help: str

    def load(self) -> Any:
        """The command that Typer makes of it."""
        return typer.main.get_command(import_module(self.module).app)


class LazyGroup(QuickGroup):
    """Has the commands that `nouns` names."""

    nouns: ClassVar[Mapping[str, Noun]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Commands(self.nouns)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.nouns)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """From the table too; options as everywhere."""
        from typer._click.shell_completion import CompletionItem  # only while somebody presses TAB

        found = [CompletionItem(name, help=noun.help) for name, noun in self.nouns.items()]
        options = super(TyperGroup, self).shell_complete(ctx, incomplete)
        return [*(item for item in found if item.value.startswith(incomplete)), *options]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list in `--help`, from the table instead of the modules."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, noun.help) for name, noun in self.nouns.items()])


class _Commands(MutableMapping[str, Any]):
    """Typer looks commands up here and lists the names when it suggests one; only a look-up loads."""

    def __init__(self, nouns: Mapping[str, Noun]) -> None:
        self._nouns = nouns
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._nouns[name].load()
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nouns)

    def __len__(self) -> int:
        return len(self._nouns)
