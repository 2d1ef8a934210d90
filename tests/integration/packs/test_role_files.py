"""Roles that come with a pack, and who may bring them."""

from pathlib import Path

import pytest

from apps.accounts.models import Role
from apps.accounts.services.granting import NotYoursToGive
from apps.core.errors import Forbidden
from apps.packs.loader import PackInvalid
from apps.packs.models import Pack
from apps.packs.services.install import install_pack
from tests.factories.packs import make_runtimes, write_pack
from tests.people import People, make_identity

RUNNER = 'name: runner\ndescription: Runs it.\ngrants: ["execution.run@pack:acme"]\n'


def a_pack(folder: Path, text: str = RUNNER, *, version: str = "1.0.0") -> Path:
    return write_pack(folder, version=version, files={"roles/runner.yaml": text})


def test_a_role_comes_and_goes_with_its_pack(people: People, tmp_path: Path) -> None:
    install_pack(a_pack(tmp_path / "1"), identity=people.administrator)
    role = Role.objects.get(pack_ref="acme")
    assert (role.name, role.source, role.grants) == ("acme.runner", "pack", ["execution.run@pack:acme"])
    make_runtimes("shell")
    install_pack(write_pack(tmp_path / "2", version="2.0.0"), identity=people.administrator)
    assert not Role.objects.filter(pack_ref="acme").exists()


def test_who_may_not_manage_roles_does_not_install_a_pack_with_one(people: People, tmp_path: Path) -> None:
    ann = make_identity("ann", role="author", grants=("pack.*",))
    with pytest.raises(Forbidden):
        install_pack(a_pack(tmp_path), identity=ann)
    keeper = make_identity("keeper", role="keeper", grants=("pack.*", "role.manage"))
    with pytest.raises(NotYoursToGive):
        install_pack(a_pack(tmp_path), identity=keeper)
    assert not Pack.objects.filter(ref="acme").exists()


def test_who_may_not_manage_roles_takes_none_away_with_another_version(people: People, tmp_path: Path) -> None:
    make_runtimes("shell")
    install_pack(a_pack(tmp_path / "1"), identity=people.administrator)
    ann = make_identity("ann", role="author", grants=("pack.*",))
    keeper = make_identity("keeper", role="keeper", grants=("pack.*", "role.manage"))
    without = write_pack(tmp_path / "2", version="2.0.0")
    for identity, refusal in ((ann, Forbidden), (keeper, NotYoursToGive)):
        with pytest.raises(refusal):
            install_pack(without, identity=identity)
    assert Role.objects.filter(name="acme.runner").exists()


@pytest.mark.parametrize(
    "text", ["name: runner\ngrants: [fly]\n", "name: runner\ngrants: ['role.manage@own']\n", "name: runner\n",
             "name: runner\ngrants: '*'\n"]
)  # fmt: skip
def test_what_is_wrong_with_it_is_told(people: People, tmp_path: Path, text: str) -> None:
    with pytest.raises(PackInvalid) as told:
        install_pack(a_pack(tmp_path, text), identity=people.administrator)
    assert "roles/runner.yaml" in str(told.value.errors[0])
