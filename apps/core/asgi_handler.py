"""Django's ASGI handler with the middleware run as one: in the request's thread, from first to last.

Django would run each middleware on the event loop where it can, and change to the thread and back for each one that
cannot; the views here are synchronous anyway. That cost an idle request 5 to 10 ms. Streams stay asynchronous.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThreadHandler(ASGIHandler):
    """Every middleware must be able to run synchronously."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """Closed also when it cannot be sent to its end: else its thread keeps a database connection for ever."""
        try:
            await super().send_response(response, send)
        except Exception:
            await sync_to_async(response.close, thread_sensitive=True)()
            raise
