from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from apps.accounts.sessions import SessionStore

        def begin_session(request: Any, **_: Any) -> None:
            """Another key and another age, also where somebody logs in anew in the same browser."""
            session = getattr(request, "session", None)
            if isinstance(session, SessionStore):
                session.cycle_key()
                session.begin()

        user_logged_in.connect(begin_session, weak=False, dispatch_uid="accounts.begin_session")
