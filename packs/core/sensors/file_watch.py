"""Tells of files that were made, changed or removed, by looking again and again; also what changed between two of its
processes on one host."""

import collections
import datetime
import fnmatch
import os
import stat
import time

from sensing import Input, Memory, forget_all_but, log, tell

#: Of a folder with more, the rest is not watched.
MOST_FILES = 100_000

#: What is known of a file.
Seen = collections.namedtuple("Seen", "mtime_ns size ino ctime_ns")


def main():
    given = Input()
    watched = {}
    while True:
        serving = {repr(item): item["parameters"] for item in given.triggers()}
        if serving.keys() != watched.keys():
            forget_all_but(given.state_dir, serving.values())
        watched = {
            key: watched.get(key) or Watch(parameters, Memory(given.state_dir, parameters))
            for key, parameters in serving.items()
        }
        for watch in watched.values():
            watch.look_if_due()
        given.changed.wait(max(0.05, min([watch.due_at for watch in watched.values()] or [60.0 + now()]) - now()))
        given.changed.clear()


class Watch:
    def __init__(self, parameters, memory):
        self.parameters = parameters
        self.memory = memory
        self.due_at = 0.0
        known = memory.read()  # None before the first look, which tells nothing
        self.known = known if known is None else {path: Seen(*seen) for path, seen in known.items()}
        self.complaint = None

    def look_if_due(self):
        if now() < self.due_at:
            return
        self.due_at = now() + self.parameters["interval_s"]
        found = self.scan()
        for kind, path, seen in changes(self.known, found) if self.known is not None else ():
            modified = datetime.datetime.fromtimestamp(seen.mtime_ns / 1e9, datetime.UTC).isoformat()
            payload = {"path": path, "kind": kind, "size_bytes": seen.size, "modified_at": modified}
            # With the time of the last change of the inode, a file that comes back is another one.
            key = "%s:%d:%d:%s" % (kind, seen.ctime_ns, seen.ino, path)
            tell("core.file_changed", payload, self.parameters, key if len(key) <= 255 else None)
        if found != self.known:
            self.memory.write(found)  # told first: what is told again has the same key
        self.known = found

    def scan(self):
        found = {}
        try:
            for path in self.paths():
                if len(found) >= MOST_FILES:
                    self.complain(
                        "more than %d files below %s: the rest is not watched" % (MOST_FILES, self.parameters["path"])
                    )
                    break
                try:
                    status = os.stat(path)
                except OSError:  # gone between the list and the look
                    continue
                if stat.S_ISREG(status.st_mode):
                    found[path] = Seen(status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)
        except OSError as error:
            self.complain("%s cannot be watched: %s" % (self.parameters["path"], error.strerror))
        return found

    def paths(self):
        top = self.parameters["path"]
        if not os.path.isdir(top):
            yield top
            return
        pattern = self.parameters["pattern"]
        for folder, folders, names in os.walk(top):
            if not self.parameters["recursive"]:
                folders.clear()
            for name in fnmatch.filter(names, pattern):
                yield os.path.join(folder, name)

    def complain(self, text):
        if text != self.complaint:
            self.complaint = text
            log(text)


def changes(before, after):
    for path, seen in after.items():
        if path not in before:
            yield "created", path, seen
        elif seen[:3] != before[path][:3]:  # a name or a mode that changed is none
            yield "modified", path, seen
    for path, seen in before.items():
        if path not in after:
            yield "deleted", path, seen


def now():
    return time.monotonic()


if __name__ == "__main__":
    main()
