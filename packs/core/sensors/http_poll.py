"""Asks addresses again and again, and tells when the answer has changed; also between two of its processes on one host.

It runs beside Attune as a program of its own: what Attune's server may fetch does not limit it, the network does.
"""

import hashlib
import json
import threading
import urllib.error
import urllib.request

from sensing import Input, Memory, forget_all_but, log, tell

MOST_BYTES = 64 * 1024
#: Of a longer answer the rest is not looked at.
MOST_READ_BYTES = 16 * 1024 * 1024


def main():
    given = Input()
    polls = {}
    while True:
        serving = {json.dumps(item["parameters"], sort_keys=True): item["parameters"] for item in given.triggers()}
        for key in polls.keys() - serving.keys():
            polls.pop(key).gone.set()
        forget_all_but(given.state_dir, serving.values())
        for key in serving.keys() - polls.keys():
            polls[key] = Poll(serving[key], Memory(given.state_dir, serving[key]))
            threading.Thread(target=polls[key].run, daemon=True).start()
        given.changed.wait()
        given.changed.clear()


class Poll:
    def __init__(self, parameters, memory):
        self.parameters = parameters
        self.memory = memory
        self.gone = threading.Event()
        self.etag, self.modified, self.digest = memory.read() or (None, None, None)
        self.complaint = None

    def run(self):
        while not self.gone.is_set():
            try:
                self.ask()
                self.complaint = None
            except (OSError, ValueError) as error:  # URLError, timeouts, what is no HTTP
                self.complain("%s: %s" % (self.parameters["url"], error))
            except Exception as error:  # whatever a server can make of the protocol: the other addresses go on
                self.complain("%s: %s: %s" % (self.parameters["url"], type(error).__name__, error))
            self.gone.wait(self.parameters["interval_s"])

    def ask(self):
        request = urllib.request.Request(self.parameters["url"], headers={"User-Agent": "attune-http-poll"})
        if self.etag:
            request.add_header("If-None-Match", self.etag)
        if self.modified:
            request.add_header("If-Modified-Since", self.modified)
        try:
            with urllib.request.urlopen(request, timeout=self.parameters["timeout_s"]) as answer:
                self.take(answer.status, answer.headers, answer.read(MOST_READ_BYTES))
        except urllib.error.HTTPError as error:
            if error.code != 304:
                raise

    def take(self, status, headers, body):
        known = (self.etag, self.modified, self.digest)
        before, self.digest = self.digest, hashlib.sha256(body).hexdigest()
        self.etag, self.modified = headers.get("ETag"), headers.get("Last-Modified")
        if before not in (None, self.digest):  # the first answer is what later ones are compared with
            self.tell(status, headers, body, before)
        if (self.etag, self.modified, self.digest) != known:
            self.memory.write((self.etag, self.modified, self.digest))

    def tell(self, status, headers, body, before):
        payload = {
            "url": self.parameters["url"],
            "status": status,
            "etag": self.etag,
            "digest": self.digest,
            "before": before,
            "content_type": headers.get("Content-Type"),
            "body": value_of(body, headers.get_content_type()),
            "is_cut": len(body) > MOST_BYTES,
        }
        tell("core.http_changed", payload, self.parameters)

    def complain(self, text):
        if text != self.complaint:
            self.complaint = text
            log(text)


def value_of(body, content_type):
    text = body[:MOST_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")
    if len(body) <= MOST_BYTES and (content_type == "application/json" or content_type.endswith("+json")):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


if __name__ == "__main__":
    main()
