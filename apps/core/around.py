"""What middlewares that do something around each request have in common, in sync and in async stacks."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

#: Is told the answer.
Tell = Callable[[HttpResponseBase], None]


class AroundRequest:
    """Subclasses say what happens: `around(request)` is entered before, what it yields is told the answer, then it is
    left. It must not wait for anything: in an async stack it runs in the event loop."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def around(self, request: HttpRequest) -> AbstractContextManager[Tell]:
        raise NotImplementedError

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._answer(request)
        with self.around(request) as tell:
            response = self.get_response(request)
            assert isinstance(response, HttpResponseBase)
            tell(response)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with self.around(request) as tell:
            answer = self.get_response(request)
            assert not isinstance(answer, HttpResponseBase)
            response = await answer
            tell(response)
        return response
