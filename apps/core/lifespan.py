"""What the web role does as it starts and ends: the server's `lifespan` messages, which Django does not take."""

from apps.core import tracing
from apps.core.body_limit import Application, Message, Receive, Send
from apps.core.database import REQUEST_STATEMENT_S, limit_waits
from apps.core.metrics import publishing


class Lifespan:
    """ASGI wrapper. A server without lifespan messages serves all the same, and counts nothing."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.application(scope, receive, send)
            return
        await receive()
        limit_waits(statement_s=REQUEST_STATEMENT_S)
        tracing.start("web")
        publisher = publishing.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        publisher.stop()
        tracing.stop()
        await send({"type": "lifespan.shutdown.complete"})
