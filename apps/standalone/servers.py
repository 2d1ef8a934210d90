"""Chooses the database servers of a start: the operator's where URLs name some, else embedded ones."""

from collections.abc import Mapping

from apps.standalone.child import Program
from apps.standalone.embedded import EmbeddedServer
from apps.standalone.layout import Layout
from apps.standalone.postgres import EmbeddedPostgres
from apps.standalone.valkey import EmbeddedValkey


class Servers:
    """The addresses of PostgreSQL and Valkey, and what to start before they can be reached."""

    def __init__(self, layout: Layout, *, environ: Mapping[str, str]) -> None:
        postgres = EmbeddedPostgres(layout.postgres, layout.run, log=layout.log / "postgres.log")
        valkey = EmbeddedValkey(layout.valkey, layout.run / "valkey.sock", log=layout.log / "valkey.log")
        self.database_url = environ.get("DATABASE_URL") or postgres.url
        self.redis_url = environ.get("REDIS_URL") or valkey.url
        # By URL: a shell that has read var/env names the embedded servers as if they were the operator's.
        self._embedded: list[EmbeddedServer] = []
        if self.database_url == postgres.url:
            self._embedded.append(postgres)
        if self.redis_url == valkey.url:
            self._embedded.append(valkey)

    @property
    def programs(self) -> list[Program]:
        """The embedded servers, in the order of starting; none where both are the operator's."""
        return [server.program for server in self._embedded]

    def clean_up(self) -> None:
        """Remove what stopped servers leave outside of the folder."""
        for server in self._embedded:
            server.clean_up()
