import os
import pwd
from pathlib import Path

import pytest

from apps.runner.spec import RunAs
from apps.workers.run_as import RunAsUnusable, name_of, prove, run_as_of

NOBODY = pwd.getpwnam("nobody")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")


@pytest.mark.parametrize(
    ("items", "pool", "expected"),
    [
        ([], "default", None),
        (["nobody"], "default", (NOBODY.pw_uid, NOBODY.pw_gid)),
        (["default=nobody", "dmz=1234"], "dmz", (1234, 1234)),
        (["default=nobody", "dmz=1234"], "other", None),
        (["nobody", "dmz=1234:5678"], "other", (NOBODY.pw_uid, NOBODY.pw_gid)),
        (["dmz=1234:5678"], "dmz", (1234, 5678)),
        ([f"{NOBODY.pw_uid}"], "default", (NOBODY.pw_uid, NOBODY.pw_gid)),
    ],
)
def test_a_pool_has_its_user(items: list[str], pool: str, expected: tuple[int, int] | None) -> None:
    found = run_as_of(pool, items)
    assert (found and (found.uid, found.gid)) == expected


@pytest.mark.parametrize(
    "item",
    [
        "root", "0", "0:0", "1234:0", "no-such-user", "nobody:no-such-group", "=nobody", "default=", "-1", "4294967295",
        "9" * 30,
    ],
)  # fmt: skip
def test_what_is_no_user_is_refused(item: str) -> None:
    with pytest.raises(RunAsUnusable):
        run_as_of("default", [item])
    with pytest.raises(RunAsUnusable, match="named before"):
        run_as_of("default", ["default=nobody", "default=1234"])


@needs_root
def test_what_actions_need_and_must_not_see_is_proven(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o711)
    run_as = RunAs(uid=NOBODY.pw_uid, gid=NOBODY.pw_gid)
    work, secrets = tmp_path / "work", tmp_path / "secrets"
    work.mkdir(mode=0o711)
    secrets.mkdir(mode=0o700)
    (secrets / "key").write_text("secret")
    prove(run_as, needed=[work], closed=[secrets, secrets / "key", tmp_path / "missing"])
    with pytest.raises(RunAsUnusable, match="cannot pass through to"):
        prove(run_as, needed=[secrets], closed=[])
    secrets.chmod(0o711)
    (secrets / "key").chmod(0o644)
    with pytest.raises(RunAsUnusable, match="can read"):
        prove(run_as, needed=[work], closed=[secrets / "key"])


def test_who_may_not_switch_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    with pytest.raises(RunAsUnusable, match="this worker runs as 1234 and cannot run actions as nobody: only root may"):
        prove(RunAs(uid=NOBODY.pw_uid, gid=NOBODY.pw_gid), needed=[], closed=[])
    assert name_of(None) == "1234"
