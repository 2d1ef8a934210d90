"""The embedded Valkey, on real servers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from apps.standalone.errors import StandaloneError, StartFailedError
from apps.standalone.processes import processes_in
from apps.standalone.valkey import EmbeddedValkey


def server(folder: Path) -> EmbeddedValkey:
    return EmbeddedValkey(folder / "data", folder / "run" / "valkey.sock")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with server(tmp_path) as running:
        yield running


@pytest.fixture
def folder_with_a_key(tmp_path: Path) -> Path:
    with server(tmp_path) as valkey, redis.Redis.from_url(valkey.url) as client:
        client.set("kept", "yes")
    return tmp_path


def test_the_url_is_what_clients_connect_to(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.ping()


def test_nothing_is_evicted_and_nothing_listens_on_tcp(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}


def test_only_we_can_open_the_socket(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    assert valkey.pid is not None
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "run" / "valkey.sock").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_what_was_written_is_there_after_a_stop(folder_with_a_key: Path) -> None:
    with server(folder_with_a_key) as valkey, redis.Redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"yes"


def test_what_is_on_disk_survives_a_kill(tmp_path: Path) -> None:
    with server(tmp_path) as valkey, redis.Redis.from_url(valkey.url) as client:
        client.set("kept", "yes")
        client.execute_command("WAITAOF", 1, 0, 0)
        assert valkey.pid is not None
        os.kill(valkey.pid, signal.SIGKILL)
    with server(tmp_path) as valkey, redis.Redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"yes"


def test_a_last_write_cut_in_half_does_not_stop_the_start(folder_with_a_key: Path) -> None:
    (log,) = (folder_with_a_key / "data" / "appendonlydir").glob("*.incr.aof")
    with log.open("ab") as stream:
        stream.write(b"*3\r\n$3\r\nSET\r\n$4\r\nha")
    with server(folder_with_a_key) as valkey, redis.Redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"yes"


def test_damaged_data_are_told_with_the_servers_own_words(folder_with_a_key: Path) -> None:
    (log,) = (folder_with_a_key / "data" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"garbage" * 10)
    with pytest.raises(StartFailedError, match=r"(?s)valkey ended.*Bad file format"):
        server(folder_with_a_key).start()


def test_a_stop_leaves_no_process_and_no_socket(folder_with_a_key: Path) -> None:
    assert processes_in(folder_with_a_key / "data", name="valkey-server") == []
    assert list((folder_with_a_key / "run").iterdir()) == []


def test_a_second_server_over_the_same_data_is_refused(
    valkey: EmbeddedValkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.standalone.embedded.LEFTOVERS_TIMEOUT_S", 0.0)
    with pytest.raises(StandaloneError, match=f"already running in .*process {valkey.pid}"):
        server(tmp_path).start()


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_goes_away(tmp_path: Path) -> None:
    with server(tmp_path / ("long" * 30)) as valkey, redis.Redis.from_url(valkey.url) as client:
        assert client.ping()
        socket = Path(valkey.url.removeprefix("unix://").removesuffix("?db=0"))
        assert socket.is_socket()
    assert not socket.parent.exists()


def test_spaces_quotes_and_percents_in_the_path_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "a 'b\" c, 100% ü"
    with server(folder) as valkey, redis.Redis.from_url(valkey.url) as client:
        assert client.ping()
    assert (folder / "data" / "appendonlydir").is_dir()
