"""A pack's page after its installation: versions and the way back, upgrade with what would change, removal, icon."""

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.core.errors import NotFound
from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.models import Pack
from apps.packs.operations import request_installation
from apps.packs.origin import API, Origin
from apps.packs.services.install import install_pack
from tests.factories import make_execution, make_runtimes, write_pack
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import look
from tests.people import People

PAGE = "/admin/packs/acme/"


@pytest.fixture(autouse=True)
def shell(settings: Any, tmp_path_factory: pytest.TempPathFactory, people: People) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")
    make_runtimes("shell")


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def ended() -> Operation:
    operation = Operation.objects.latest("pk")
    run_operation(operation.pk)
    operation.refresh_from_db()
    return operation


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * (width + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def with_icon(folder: Path, icon: bytes, version: str = "1.0.0") -> None:
    (write_pack(folder, version=version) / "icon.png").write_bytes(icon)
    install_pack(folder, identity=None)


def test_an_earlier_version_is_gone_back_to(administrator: Client, tmp_path: Path) -> None:
    one = install_pack(write_pack(tmp_path / "1"), identity=None).digest
    install_pack(write_pack(tmp_path / "2", version="2.0.0"), identity=None)
    text = look(administrator, f"{PAGE}?tab=versions")
    assert text.count('value="rollback"') == 1, "not of the one that serves"
    answer = administrator.post(f"{PAGE}change/", {"deed": "rollback", "version": one})
    operation = ended()
    assert answer.headers["Location"] == f"/admin/operations/{operation.pk}/"
    assert "acme 1.0.0 serves again (1 action)." in look(administrator, f"/admin/operations/{operation.pk}/")
    assert Pack.objects.get().current.version == "1.0.0"  # type: ignore[union-attr]  # it has one


def test_an_upgrade_is_tried_and_shown_before_it_is_done(administrator: Client, people: People, tmp_path: Path) -> None:
    request_installation(people.administrator, source=str(write_pack(tmp_path)))
    ended()
    assert "Look for an upgrade" in look(administrator, PAGE)
    (write_pack(tmp_path, version="1.1.0") / "actions/more.sh").write_text("true\n")
    administrator.post(f"{PAGE}change/", {"deed": "try"})
    text = look(administrator, f"/admin/operations/{ended().pk}/")
    assert "What would change" in text
    assert "actions/more.sh" in text
    assert 'value="upgrade"' in text
    administrator.post(f"{PAGE}change/", {"deed": "upgrade"})
    assert "acme 1.1.0 is the current version" in look(administrator, f"/admin/operations/{ended().pk}/")
    administrator.post(f"{PAGE}change/", {"deed": "try"})
    text = look(administrator, f"/admin/operations/{ended().pk}/")
    assert "This version serves already." in text
    assert 'value="upgrade"' not in text


def test_what_uses_a_pack_is_shown_before_it_is_removed(administrator: Client, tmp_path: Path) -> None:
    install_pack(write_pack(tmp_path), identity=None)
    action = Pack.objects.get().actions.select_related("pack", "version").get()
    execution = make_execution(action)
    text = look(administrator, f"{PAGE}remove/")
    assert f'<td class="a-wrap a-strong">{execution.pk}</td>' in text
    administrator.post(f"{PAGE}remove/")
    assert Pack.objects.installed().exists(), "it is in use"
    assert administrator.post(f"{PAGE}remove/", {"force": "on"}).headers["Location"] == "/admin/packs/"
    assert not Pack.objects.installed().exists()


def test_an_ad_hoc_pack_is_shown_as_one(administrator: Client, tmp_path: Path) -> None:
    install_pack(write_pack(tmp_path), identity=None, origin=Origin(kind=API, text=API))
    assert "ad hoc" in look(administrator, PAGE)
    assert "ad hoc" in look(administrator, "/admin/packs/")


def test_an_icon_is_a_picture_and_nothing_else(administrator: Client, tmp_path: Path) -> None:
    with_icon(tmp_path, png())
    assert f'src="{PAGE}icon.png"' in look(administrator, PAGE)
    answer = administrator.get(f"{PAGE}icon.png")
    assert (answer.content, answer.headers["Content-Type"]) == (png(), "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_an_icon_that_could_not_be_had_for_a_while_is_shown_again(
    administrator: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_icon(tmp_path, png(3, 3))

    def away(ref: str, digest: str) -> Path:
        raise NotFound("The storage is away.")

    with monkeypatch.context() as patched:
        patched.setattr("apps.packs.icon.ensure_unpacked", away)
        assert administrator.get(f"{PAGE}icon.png").status_code == 404
    assert administrator.get(f"{PAGE}icon.png").content == png(3, 3)


@pytest.mark.parametrize(
    "icon",
    [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", png(4000, 1), png() + b"\0" * 300_000],
    ids=["empty", "svg", "head", "wide", "large"],
)
def test_what_is_no_decent_icon_is_not_shown(administrator: Client, tmp_path: Path, icon: bytes) -> None:
    with_icon(tmp_path, icon)
    assert "icon.png" not in look(administrator, PAGE)
    assert administrator.get(f"{PAGE}icon.png").status_code == 404


def test_what_needs_the_version_that_serves_is_listed_before_another_does(
    administrator: Client, tmp_path: Path
) -> None:
    one = install_pack(write_pack(tmp_path / "1"), identity=None).digest
    install_pack(write_pack(tmp_path / "2", version="2.0.0"), identity=None)
    install_pack(write_pack(tmp_path / "3", ref="shop", more="dependencies: ['acme>=2']\n"), identity=None)
    form = {"deed": "rollback", "version": one}
    answer = administrator.post(f"{PAGE}change/", form)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "needs acme&gt;=2" in text
    assert f'name="version" value="{one}"' in text
    assert not Operation.objects.exists()
    assert administrator.post(f"{PAGE}change/", {**form, "force": "on"}).status_code == 302
    assert ended().status == "succeeded"


def test_plain_users_are_shown_no_way_to_change_a_pack(people: People, visit: Visit, tmp_path: Path) -> None:
    install_pack(write_pack(tmp_path), identity=None)
    plain = visit(people.owner)
    for tab in ("overview", "versions"):
        text = look(plain, f"{PAGE}?tab={tab}")
        assert "remove/" not in text
        assert f"{PAGE}change/" not in text
    plain.post(f"{PAGE}change/", {"deed": "rollback"})
    plain.post(f"{PAGE}remove/", {"force": "on"})
    assert not Operation.objects.exists()
    assert Pack.objects.installed().exists()
