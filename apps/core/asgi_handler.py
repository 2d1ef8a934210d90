"""Django's ASGI handler for synchronous views: a request is one visit to one thread of a pool, from first to last.

Django would make a thread for each request, visit it four times (the signals at both ends have visits of their own),
and run two tasks beside it to see whether the client goes away: most of what a small request cost. Only streams, which
last, are watched so.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from apps.core.database import release_connection

#: Requests in hand at once; further ones wait. Most of so many wait themselves (`wait_s`), without a connection.
MOST_THREADS = 500
#: Who asks whether this process lives, and what it does, must not wait behind those: he would end it.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_PROBE_THREADS = 4


class PooledHandler(ASGIHandler):
    """Every middleware must be able to run synchronously."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="request")
        self._probe_threads = ThreadPoolExecutor(_PROBE_THREADS, thread_name_prefix="probe")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop, context = asyncio.get_running_loop(), copy_context()
        threads = self._probe_threads if scope["path"] in _PROBES else self._threads
        try:
            response = await loop.run_in_executor(threads, context.run, self._answer, scope, body)
            if response.streaming:
                await loop.create_task(self._stream(response, receive, send), context=context)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    def _answer(self, scope: Mapping[str, Any], body: Any) -> HttpResponseBase:
        """In the thread, which has given back its database connection when this returns."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response = self.get_response(request) if request is not None else refusal
        assert response is not None
        response._handler_class = self.__class__  # type: ignore[attr-defined]  # who is told to have finished
        if response.streaming:
            release_connection()
        else:
            assert isinstance(response, HttpResponse)
            response.close()
        return response

    async def _stream(self, response: HttpResponseBase, receive: Any, send: Any) -> None:
        """Until its end, or until the client has gone. What it asks of the database it asks in a thread of its own."""
        async with ThreadSensitiveContext():
            tasks = [
                asyncio.create_task(self.send_response(response, send)),
                asyncio.create_task(self.listen_for_disconnect(receive)),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                sent, _ = await asyncio.gather(*tasks, return_exceptions=True)
                await sync_to_async(response.close, thread_sensitive=True)()
        if isinstance(sent, Exception):
            raise sent
