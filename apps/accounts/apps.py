from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        user_logged_in.connect(_begin_session, dispatch_uid="accounts.begin_session")


def _begin_session(request: Any, **_: Any) -> None:
    """The age of a session counts from the login, also where somebody logs in anew in the same browser."""
    begin = getattr(request.session, "begin", None)
    if begin is not None:
        begin()
