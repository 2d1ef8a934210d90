"""`attune pack config`: shows what a pack was told, and tells it something else."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.cli.errors import UsageError
from apps.cli.output.cells import Cell, block, plain, strong
from apps.cli.output.pages import Column, Part, Rows, column
from apps.cli.parameters.casting import NotCastable, cast, strict_json
from apps.cli.parameters.words import Word, read_word
from apps.cli.session import Session


def show_or_change(session: Session, ref: str, words: Sequence[str], unset: Sequence[str]) -> None:
    """`words` are `name=value` and the like, as of an action's parameters; `unset` are names to forget."""
    config = session.api.get("packs", ref, "config")
    if words or unset:
        config = session.api.put("packs", ref, "config", body={"values": _changed(config, words, unset)})
    session.printer.one(config, lambda: _describe(config))


def _changed(config: Mapping[str, Any], words: Sequence[str], unset: Sequence[str]) -> dict[str, Any]:
    declared = config["properties"]
    if unknown := [name for name in unset if name not in declared]:
        raise UsageError(f"The pack knows no {', '.join(unknown)}.")
    kept = {name: value for name, value in config["values"].items() if name not in unset}
    # A secret that is left out stays: it has to be taken away in so many words.
    gone = {name: None for name in unset if declared[name].get("secret")}
    return {**kept, **gone, **_given(words, declared)}


def _given(words: Sequence[str], declared: Mapping[str, Any]) -> dict[str, Any]:
    named = [_named(read_word(text)) for text in words]
    return {str(word.name): _value_of(word, declared) for word in named}


def _named(word: Word) -> Word:
    if word.name is None:  # without its text: it may be a secret
        raise UsageError("Every value needs the name of its field: NAME=VALUE.")
    return word


def _value_of(word: Word, declared: Mapping[str, Any]) -> Any:
    try:
        return strict_json(word.text) if word.is_json else cast(word.text, declared.get(str(word.name), {}))
    except NotCastable as error:
        raise UsageError(f"{word.name}: {error}") from None


def _describe(config: Mapping[str, Any]) -> list[Part]:
    rows = [{"name": name, "schema": schema, "config": config} for name, schema in config["properties"].items()]
    return [Rows(sorted(rows, key=lambda row: str(row["name"])), _COLUMNS)]


def _value(row: Mapping[str, Any]) -> Cell:
    effective = row["config"]["effective"]
    if row["name"] not in effective:
        return Cell("required", "red") if row["schema"].get("required") else Cell("")
    is_default = row["name"] not in row["config"]["values"]
    return Cell(block(effective[row["name"]]).text, "dim" if is_default else "")


_COLUMNS = [
    column("FIELD", "name", strong),
    Column("VALUE", _value, ("name", "schema", "config"), may_fold=True),
    Column("", lambda row: plain("secret" if row["schema"].get("secret") else ""), ("schema",)),
    Column("DESCRIPTION", lambda row: plain(row["schema"].get("description")), ("schema",), may_shrink=True),
]
