"""What a conductor does until nothing is left to do."""

from apps.rules.processing import process_hinted


def process_open() -> int:
    """Returns how many rows it closed: events and matches."""
    total = 0
    while moved := process_hinted():
        total += moved
    return total
