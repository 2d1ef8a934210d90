"""Names of the queues through which workers hear of work."""

RUN = "run"
BUILD = "build"
#: The conductor's queue.
CONTROL = "control"


def run_queue(pool: str, runtime: str, version: str = "") -> str:
    """`version`: major and minor (`3.11`) of what a pack asks for, all of it (`3.11.7`) where the pack's range goes as
    far, or its range (`>=3.13`) while no worker has it; empty: any."""
    return f"{RUN}.{pool}.{runtime}" + (f"-{version}" if version else "")


def build_queue(pool: str, runtime: str) -> str:
    return f"{BUILD}.{pool}.{runtime}"


def asked_in(queue: str) -> tuple[str, str, str]:
    """Pool, runtime and version of a queue that `run_queue` named; neither of the first two has a dot."""
    _, pool, rest = queue.split(".", 2)
    runtime, _, version = rest.partition("-")
    return pool, runtime, version


def is_range(queue: str) -> bool:
    """Whether it is a place to wait in, and no worker will ever listen there."""
    return asked_in(queue)[2][:1] in tuple("<>=!")
