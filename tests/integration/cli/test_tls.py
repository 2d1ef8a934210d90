"""Certificates and ports that do not fit: what is wrong is said, and what to do."""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.cli.canned import Canned
from tests.integration.cli.conftest import Attune

_DAY = timedelta(days=1)


def certificate(folder: Path, *, address: str, ends: datetime) -> Path:
    """Signed by itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "attune")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - 30 * _DAY)
        .not_valid_after(ends)
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def serving(file: Path) -> Iterator[int]:
    """The port of a server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]  # the client says it
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_certificate_of_nobody_known(attune: Attune, tmp_path: Path) -> None:
    with serving(certificate(tmp_path, address="127.0.0.1", ends=datetime.now(UTC) + _DAY)) as port:
        ended = attune("whoami", "--url", f"https://127.0.0.1:{port}")
    assert ended.code == 3
    assert "its certificate is not trusted (self-signed certificate)" in ended.err
    assert "SSL_CERT_FILE=/path/to/ca.pem" in ended.err


@pytest.mark.parametrize(
    ("address", "age", "hint"),
    [("127.0.0.1", 2 * _DAY, "renew it, or set this machine's clock"), ("127.0.0.9", -_DAY, "for another name")],
)
def test_a_certificate_that_is_trusted_and_does_not_fit(
    attune: Attune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, address: str, age: timedelta, hint: str
) -> None:
    file = certificate(tmp_path, address=address, ends=datetime.now(UTC) - age)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(file) as port:
        ended = attune("whoami", "--url", f"https://127.0.0.1:{port}")
    assert ended.code == 3
    assert hint in ended.err


def test_tls_where_there_is_none(attune: Attune, canned: Canned) -> None:
    ended = attune("whoami", "--url", canned.url.replace("http:", "https:"))
    assert ended.code == 3
    assert f"does it speak TLS at all? Without: {canned.url}\n" in ended.err


def test_no_tls_where_it_is_wanted(attune: Attune, tmp_path: Path) -> None:
    with serving(certificate(tmp_path, address="127.0.0.1", ends=datetime.now(UTC) + _DAY)) as port:
        ended = attune("whoami", "--url", f"http://127.0.0.1:{port}")
    assert ended.code == 3
    assert f"No Attune answers at http://127.0.0.1:{port}" in ended.err or "The connection to" in ended.err


def test_a_name_that_leads_nowhere(attune: Attune) -> None:
    ended = attune("whoami", "--url", "http://attune.invalid")
    assert ended.code == 3
    assert "is the name right? (--url says http://attune.invalid)" in ended.err
