from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.operations.models import Operation
from apps.packs.models import Pack
from apps.packs.services.install import install_pack
from apps.runtimes.models import Environment
from tests.factories import make_action, make_runtimes, write_pack
from tests.factories.archives import zipped
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People

LIST = "/admin/packs/"
INSTALL = f"{LIST}install/"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def test_a_list_tells_what_each_pack_brings(administrator: Client) -> None:
    make_action("deploy")
    make_action("check")
    Environment.objects.create(pack_ref="demo", runtime="shell", volume_id="a", status="ready")
    Environment.objects.create(pack_ref="demo", runtime="shell", volume_id="b", status="failed")
    text = look(administrator, LIST)
    assert '<td class="a-number">2</td>' in text
    assert "a-tone-bad" in text, "of several volumes the one that needs attention is shown"
    assert "No pack has nothing like it" in look(administrator, f"{LIST}?q=nothing+like+it")
    assert "demo" in look(administrator, f"{LIST}?q=DEMO&cursor=")


def test_pages_of_packs_ask_the_same_whatever_there_is(administrator: Client) -> None:
    make_action("deploy", pack="one")
    before = statements_of(administrator, LIST)
    for name in ("two", "three", "four"):
        make_action("deploy", pack=name)
        Environment.objects.create(pack_ref=name, runtime="shell", volume_id="a")
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS
    for tab in ("overview", "actions", "environments", "versions"):
        assert statements_of(administrator, f"{LIST}two/?tab={tab}") <= MOST_STATEMENTS + 1, tab


def test_a_readme_is_shown_and_does_nothing(administrator: Client, tmp_path: Path) -> None:
    make_runtimes("shell")
    readme = (
        f"# Hello\n{EVIL}\n\n![see](http://evil.example/x.png) [bad](javascript:alert(1)) [good](https://example.org)"
    )
    folder = write_pack(tmp_path, more=f'label: "{EVIL}"\ndescription: "{EVIL}"\nkeywords: ["<b>"]\n')
    (folder / "README.md").write_text(readme)
    install_pack(folder, identity=None)
    text = look(administrator, f"{LIST}acme/")
    assert "<h2>Hello</h2>" in text
    assert '<a href="https://example.org" rel="noopener noreferrer nofollow">good</a>' in text
    assert "<script>alert" not in text
    assert "evil.example" not in text
    assert 'href="javascript' not in text
    assert "<b>" not in text
    for tab in ("actions", "environments", "versions", "no-such-tab"):
        assert "<script>alert" not in look(administrator, f"{LIST}acme/?tab={tab}")


def test_a_pack_without_readme_or_files_has_a_page(administrator: Client) -> None:
    make_action()
    assert "This pack has no README.md" in look(administrator, f"{LIST}demo/")


def test_a_pack_is_switched_off_and_on_by_who_may(administrator: Client, people: People, visit: Visit) -> None:
    make_action()
    assert administrator.post(f"{LIST}demo/", {"enabled": "off"}).status_code == 302
    assert not Pack.objects.get().is_enabled
    assert "disabled" in look(administrator, f"{LIST}demo/")
    administrator.post(f"{LIST}demo/", {"enabled": "maybe"})
    assert not Pack.objects.get().is_enabled
    plain = visit(people.owner)
    assert 'name="enabled"' not in look(plain, f"{LIST}demo/")
    plain.post(f"{LIST}demo/", {"enabled": "on"})
    assert not Pack.objects.get().is_enabled
    administrator.post(f"{LIST}demo/", {"enabled": "on"})
    assert Pack.objects.get().is_enabled


def test_an_installation_is_asked_for_and_leads_to_its_operation(administrator: Client) -> None:
    answer = administrator.post(INSTALL, {"source": "/srv/packs/acme", "dry_run": "on"})
    operation = Operation.objects.get()
    assert answer.headers["Location"] == f"/admin/operations/{operation.pk}/"
    wish = {"source": "/srv/packs/acme", "kind": "path", "ref": "", "force": False, "dry_run": True}
    assert operation.input == wish
    assert operation.requested_by is not None


def test_an_archive_is_uploaded(administrator: Client) -> None:
    archive = SimpleUploadedFile("acme.zip", zipped({"pack.yaml": b"ref: acme\n"}))
    administrator.post(INSTALL, {"archive": archive})
    assert Operation.objects.get().input["kind"] == "upload"
    for wish in ({"archive": SimpleUploadedFile("a.zip", b"no archive")}, {"archive": archive, "source": "acme"}):
        assert administrator.post(INSTALL, wish).status_code == 400
    assert Operation.objects.count() == 1


@pytest.mark.parametrize("source", ["", "relative/path", "/with\0nul", "/" + "x" * 4096, "   ", "--upload-pack=id"])
def test_a_source_that_none_can_be_is_told_at_its_field(administrator: Client, source: str) -> None:
    answer = administrator.post(INSTALL, {"source": source})
    assert answer.status_code == 400
    assert "a-field-wrong" in answer.content.decode()
    assert not Operation.objects.exists()


def test_plain_users_see_no_way_to_install_and_are_refused(people: People, visit: Visit) -> None:
    plain = visit(people.owner)
    assert INSTALL not in look(plain, LIST)
    assert "pack.install" in look(plain, INSTALL, status=403)
    plain.post(INSTALL, {"source": "/srv/packs/acme"})
    assert not Operation.objects.exists()


def test_who_is_logged_out_is_asked_to_log_in(people: People) -> None:
    for address in (LIST, INSTALL, f"{LIST}demo/"):
        assert Client().get(address).headers["Location"].startswith("/admin/login/")
        assert Client().post(address).headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("ref", ["nothing", "a.b.c", "%00", "x" * 300, "..", "<script>"])
def test_a_pack_that_is_not_there_is_404(administrator: Client, ref: str) -> None:
    assert "<script>alert" not in look(administrator, f"{LIST}{ref}/", status=404)
