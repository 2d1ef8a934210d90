"""Knows when the server is about to stop, so that answers that never end by themselves can end.

A server that was told to stop waits for its open answers first, and tells the application only after that.
"""

import asyncio
import signal
import threading
from types import FrameType
from weakref import WeakKeyDictionary

_requested: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = WeakKeyDictionary()


def stop_requested() -> asyncio.Event:
    """Of the running loop: set as soon as the server's process gets the signal to stop."""
    loop = asyncio.get_running_loop()
    if loop not in _requested:
        _requested[loop] = asyncio.Event()
        _hear(loop, _requested[loop])
    return _requested[loop]


def _hear(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    """Puts itself before the server's handler, which is called as ever; where there is none, nothing is changed."""
    if threading.current_thread() is not threading.main_thread():
        return
    server = signal.getsignal(signal.SIGTERM)
    if not callable(server):
        return

    def hear(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(event.set)
        server(number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) == server:
            signal.signal(number, hear)
