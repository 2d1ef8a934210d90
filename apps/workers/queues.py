"""Names of the queues through which workers hear of work."""

RUN = "run"
BUILD = "build"
#: The conductor's queue.
CONTROL = "control"


def run_queue(pool: str, runtime: str) -> str:
    return f"{RUN}.{pool}.{runtime}"


def build_queue(pool: str, runtime: str) -> str:
    return f"{BUILD}.{pool}.{runtime}"
