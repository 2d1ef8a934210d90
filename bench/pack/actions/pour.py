import os

_LINE = b'2026-01-01T00:00:00Z INFO host=web-17 took 12.5 ms: status 200 {"id": 12345, "trace": "9f86d081884c7d65"}\n'


def run(megabytes, token=None):
    chunk = _LINE * (256 * 1024 // len(_LINE))
    left = megabytes * 1_000_000
    while left > 0:
        left -= os.write(1, chunk[:left])
