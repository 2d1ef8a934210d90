"""Indexes of packages over HTTP, made by the tests themselves: small, and out of order when they are told to be."""

import base64
import gzip
import hashlib
import http.server
import io
import json
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.integration.runtimes.wheelhouse import write_wheel


class Index:
    """A folder, served. `failures` is how many requests get 503 before it is well again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.failures = 0
        self.asked: list[str] = []

    def add_wheel(self, name: str, version: str) -> None:
        folder = self.folder / "simple" / name
        folder.mkdir(parents=True, exist_ok=True)
        wheel = write_wheel(folder, name, version)
        (folder / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')

    def add_npm_package(self, name: str, version: str, **fields: Any) -> None:
        """A package whose `main` exports its version."""
        body = {"name": name, "version": version, "main": "index.js", **fields}
        archive = npm_archive(body, {"index.js": f"module.exports = {version!r};\n"})
        (self.folder / f"{name}-{version}.tgz").write_bytes(archive)
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
        dist = {"tarball": f"{self.url}/{name}-{version}.tgz", "integrity": integrity}
        file = self.folder / name
        known = json.loads(file.read_text())["versions"] if file.exists() else {}
        versions = {**known, version: {**body, "dist": dist}}
        file.write_text(json.dumps({"name": name, "dist-tags": {"latest": version}, "versions": versions}))

    def add_gem(self, name: str, version: str) -> None:
        """A gem with one module, in the form of a compact index."""
        gem = build_gem(self.folder / "gems", name, version)
        checksum = hashlib.sha256(gem.read_bytes()).hexdigest()
        info = f"---\n{version} |checksum:{checksum}\n"
        (self.folder / "info").mkdir(exist_ok=True)
        (self.folder / "info" / name).write_text(info)
        digest = hashlib.md5(info.encode(), usedforsecurity=False).hexdigest()
        (self.folder / "names").write_text(f"---\n{name}\n")
        (self.folder / "versions").write_text(f"created_at: 2024-01-01T00:00:00Z\n---\n{name} {version} {digest}\n")


@contextmanager
def serve(folder: Path) -> Iterator[Index]:
    folder.mkdir(parents=True, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.index = index = Index(folder, server.server_port)  # type: ignore[attr-defined]  # for its handlers
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        index: Index = self.server.index  # type: ignore[attr-defined]
        index.asked.append(self.path)
        if index.failures > 0:
            index.failures -= 1
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


def npm_archive(body: dict[str, Any], files: dict[str, str]) -> bytes:
    """What `npm pack` would make."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, text in {"package.json": json.dumps(body), **files}.items():
            item = tarfile.TarInfo(f"package/{name}")
            item.size = len(text.encode())
            archive.addfile(item, io.BytesIO(text.encode()))
    return packed.getvalue()


def build_gem(folder: Path, name: str, version: str, *, says: str = "") -> Path:
    """A gem whose module, named like it, has a VERSION: its own, or what it `says`."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f".{name}"
    (source / "lib").mkdir(parents=True, exist_ok=True)
    (source / "lib" / f"{name}.rb").write_text(f"module {name.capitalize()}\n  VERSION = {says or version!r}\nend\n")
    (source / "it.gemspec").write_text(
        f"Gem::Specification.new do |s|\n  s.name = {name!r}\n  s.version = {version!r}\n  s.summary = 'x'\n"
        f"  s.authors = ['x']\n  s.files = ['lib/{name}.rb']\nend\n"
    )
    gem = folder / f"{name}-{version}.gem"
    command = ["gem", "build", "--force", "--quiet", "--output", str(gem), "it.gemspec"]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)
    return gem
