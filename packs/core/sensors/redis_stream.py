"""Reads streams of Redis or Valkey as a consumer of a group; an entry is acknowledged once its event is recorded.

The few commands it needs are spoken by hand (RESP 2): a client library would cost every Attune an environment, and with
it a package index, for a pack that has no other dependency.
"""

import collections
import socket
import ssl
import threading
import urllib.parse

from sensing import Input, log, tell

DEFAULT_URL = "redis://127.0.0.1:6379/0"
CONSUMER = "attune"
COUNT = 100
#: How long one request waits for entries; changes of the triggers are seen after it.
BLOCK_MS = 500
TIMEOUT_S = 10.0


def main():
    told = Told()
    given = Input(on_recorded=told.recorded)
    redis = Redis(given.document.get("secrets", {}).get("redis_stream_url") or DEFAULT_URL)
    begun = set()
    while True:
        groups = collections.defaultdict(set)
        for item in given.triggers():
            groups[item["parameters"]["group"]].add(item["parameters"]["stream"])
        for group, streams in groups.items():
            for stream in sorted(streams):
                if (group, stream) not in begun:
                    begin(redis, group, stream, told)
                    begun.add((group, stream))
            read(redis, group, sorted(streams), told)
        for group, stream, entry in told.take():
            redis.ask("XACK", stream, group, entry)
        if not groups:
            given.changed.wait()
        given.changed.clear()


def begin(redis, group, stream, told):
    """The group, from now on; and entries an earlier process was given and never saw recorded."""
    try:
        redis.ask("XGROUP", "CREATE", stream, group, "$", "MKSTREAM")
    except Refused as error:
        if not str(error).startswith("BUSYGROUP"):
            raise
    last = "0"
    while True:
        answer = redis.ask("XREADGROUP", "GROUP", group, CONSUMER, "COUNT", str(COUNT), "STREAMS", stream, last)
        entries = answer[0][1] if answer else []
        if not entries:
            return
        tell_all(group, stream, entries, told)
        last = text(entries[-1][0])


def read(redis, group, streams, told):
    answer = redis.ask(
        "XREADGROUP", "GROUP", group, CONSUMER, "COUNT", str(COUNT), "BLOCK", str(BLOCK_MS),
        "STREAMS", *streams, *[">"] * len(streams),
    )  # fmt: skip
    for stream, entries in answer or []:
        tell_all(group, text(stream), entries, told)


def tell_all(group, stream, entries, told):
    for entry, flat in entries:
        entry, flat = text(entry), [text(item) for item in flat or []]  # an entry that was deleted has no fields
        payload = {"stream": stream, "id": entry, "fields": dict(zip(flat[::2], flat[1::2]))}
        told.begin(group, stream, entry)
        key = "redis:%s:%s:%s" % (group, stream, entry)
        tell("core.redis_message", payload, {"stream": stream, "group": group}, key if len(key) <= 255 else None)


def text(value):
    return value.decode("utf-8", "replace").replace("\0", "\ufffd") if isinstance(value, bytes) else str(value)


class Told:
    """Which line was which entry, until it is recorded."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waiting = collections.deque()
        self._lines = 0
        self._recorded = 0

    def begin(self, group, stream, entry):
        with self._lock:
            self._lines += 1
            self._waiting.append((self._lines, (group, stream, entry)))

    def recorded(self, lines):
        with self._lock:
            self._recorded = lines

    def take(self):
        """Those that have been recorded since."""
        taken = []
        with self._lock:
            while self._waiting and self._waiting[0][0] <= self._recorded:
                taken.append(self._waiting.popleft()[1])
        return taken


class Refused(Exception):
    """The server says no."""


class Redis:
    """One connection. OSError and Refused end the program; it is started again, later each time."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "unix":
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(TIMEOUT_S)
            self._socket.connect(parts.path)
        else:
            host = parts.hostname or "127.0.0.1"
            self._socket = socket.create_connection((host, parts.port or 6379), timeout=TIMEOUT_S)
            if parts.scheme == "rediss":
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=host)
        self._answers = self._socket.makefile("rb")
        if parts.password:
            user = [urllib.parse.unquote(parts.username)] if parts.username else []
            self.ask("AUTH", *user, urllib.parse.unquote(parts.password))
        asked = urllib.parse.parse_qs(parts.query).get("db", [""])[0]
        database = asked or (parts.path.strip("/") if parts.scheme != "unix" else "")
        if database and database != "0":
            self.ask("SELECT", database)

    def ask(self, *words):
        encoded = [word.encode() for word in words]
        request = b"".join([b"*%d\r\n" % len(encoded)] + [b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded])
        self._socket.sendall(request)
        return self._answer()

    def _answer(self):
        line = self._answers.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise Refused(rest.decode("utf-8", "replace"))
        if kind == b"+":
            return rest
        size = int(rest)
        if kind == b"$":
            return None if size < 0 else self._answers.read(size + 2)[:-2]
        if kind == b"*":
            return None if size < 0 else [self._answer() for _ in range(size)]
        return size


if __name__ == "__main__":
    try:
        main()
    except (OSError, Refused) as error:
        log("redis: %s" % error)
        raise SystemExit(1) from None
