"""Queries of the hot path, put together once.

Django writes the SQL of a queryset anew each time it is asked: of accepting an execution that was a third of the work.
A `FixedQuery` keeps the SQL and what turns its rows into models; only the values change. Everything else, and all that
people ask seldom, stays a queryset.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)

#: In the SQL, before the parameter that a queryset stands for: both are replaced by the queryset's own SQL.
_PICKED = "picked by %s"
#: What stands for a value while the SQL is put together: nothing else in a query is equal to it.
_STAND_INS: Mapping[str, Callable[[int], object]] = {
    "text": lambda index: f"value {index} of a fixed query",
    "number": lambda index: 4_611_686_018_427_000_000 + index,
    "numbers": lambda index: RawSQL("SELECT unnest(%s::bigint[])", (f"value {index} of a fixed query",)),
    "rows": lambda index: RawSQL(_PICKED, (f"value {index} of a fixed query",)),  # noqa: S611  # a constant
}


@dataclass(frozen=True)
class _Prepared:
    """`places` has for each parameter of the SQL the name of a value, or None for one that is part of the query."""

    sql: str
    params: Sequence[Any]
    places: Sequence[str | None]
    compiler: Any
    populators: Sequence[Any]
    converters: Mapping[int, Any]
    attributes: Sequence[str]
    columns: slice
    annotations: Mapping[str, int]

    def rows(self, values: Mapping[str, object]) -> Any:
        try:
            sql, params = self._statement(values)
        except EmptyResultSet:  # a queryset that can pick nothing
            return []
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows = cursor.fetchall()
        return self.compiler.apply_converters(rows, self.converters) if self.converters else rows

    def _statement(self, values: Mapping[str, object]) -> tuple[str, list[Any]]:
        sql, params = self.sql, list[Any]()
        for place, param in zip(self.places, self.params, strict=True):
            value = values[place] if place else param
            if isinstance(value, QuerySet):
                picked, of_picked = value.values("pk").query.sql_with_params()
                sql = sql.replace(_PICKED, picked, 1)
                params += of_picked
            else:
                params.append(value)
        return sql, params


class FixedQuery(Generic[M]):
    """`build` gets a stand-in for each value and gives the queryset; it must not look at what it gets.

    >>> by_ref = FixedQuery(lambda ref: Action.objects.select_related("pack").filter(ref=ref), ref="text")
    >>> by_ref.single(ref="core.echo")

    For `pk__in` there are `numbers`, a list, and `rows`, a queryset that picks them: of the statement only that part
    is put together anew.

    >>> page = FixedQuery(lambda rows: Action.objects.filter(pk__in=rows).order_by("ref"), rows="rows")
    >>> page(rows=Action.objects.visible_to(identity).order_by("ref")[:50])
    """

    def __init__(
        self, build: Callable[..., QuerySet[M]], **values: Literal["text", "number", "numbers", "rows"]
    ) -> None:
        self._build = build
        self._values = values

    def __call__(self, **values: object) -> list[M]:
        """The rows, as the queryset would give them."""
        prepared, alias = self._prepared, connection.alias
        return [self._made(prepared, row, alias) for row in prepared.rows(values)]

    def single(self, **values: object) -> M | None:
        """The row that a unique key names, or None."""
        found = self(**values)
        return found[0] if found else None

    @cached_property
    def _prepared(self) -> _Prepared:
        stand_ins = {name: _STAND_INS[kind](index) for index, (name, kind) in enumerate(self._values.items())}
        compiler = self._build(**stand_ins).query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        names = {_param_of(stand_in): name for name, stand_in in stand_ins.items()}
        places = [names.get(param) if isinstance(param, str | int) else None for param in params]
        if set(places) - {None} != set(stand_ins):
            raise ValueError(f"not all of {sorted(stand_ins)} became parameters of {sql}")
        fields = compiler.klass_info["select_fields"]
        columns = slice(fields[0], fields[-1] + 1)
        # The types are of a later Django, which wants one argument more.
        populators = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]
        return _Prepared(
            sql=sql,
            params=params,
            places=places,
            compiler=compiler,
            populators=populators,
            converters=compiler.get_converters([item[0] for item in compiler.select[: compiler.col_count]]),
            attributes=[item[0].target.attname for item in compiler.select[columns]],
            columns=columns,
            annotations=compiler.annotation_col_map or {},
        )

    @staticmethod
    def _made(prepared: _Prepared, row: Sequence[Any], alias: str) -> M:
        model: Any = prepared.compiler.klass_info["model"]
        made: M = model.from_db(alias, prepared.attributes, row[prepared.columns])
        for populator in prepared.populators:
            populator.populate(row, made)
        for name, column in prepared.annotations.items():
            setattr(made, name, row[column])
        return made


def _param_of(stand_in: object) -> object:
    """What of it is found among the query's parameters."""
    return stand_in.params[0] if isinstance(stand_in, RawSQL) else stand_in
