"""A worker whose slots were all busy asks for the next hint at once."""

from threading import Event

from kombu.asynchronous import Hub

from apps.workers.slots_pool import SlotsPool


class Loop(Hub):
    """Notes when it is called up."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.seen = seen
        self.woken = Event()

    def call_soon(self, callback: object, *args: object) -> None:
        self.seen.append("woken")
        self.woken.set()


def test_the_end_of_a_task_wakes_the_loop_after_celery_has_counted_it() -> None:
    seen: list[str] = []
    loop, pool = Loop(seen), SlotsPool(1)
    pool.register_with_event_loop(loop)
    pool.on_apply(lambda: "done", (), {}, callback=lambda _: seen.append("counted"), accept_callback=None)
    assert loop.woken.wait(10)
    pool.on_stop()
    loop.close()
    assert seen == ["counted", "woken"]
