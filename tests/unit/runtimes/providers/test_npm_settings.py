"""What of npm's settings reaches a build."""

from pathlib import Path

from apps.runtimes.providers.npm_settings import NpmSettings


def npmrc(tmp_path: Path, text: str, **environ: str) -> dict[str, str]:
    (tmp_path / ".npmrc").write_text(text)
    return {"HOME": str(tmp_path), **environ}


def test_where_packages_come_from_is_taken_over_and_habits_are_not(tmp_path: Path) -> None:
    environ = npmrc(
        tmp_path, "registry = https://a/\n@acme:registry=https://b/\n; registry=c\n# x=y\nprefix=/opt\nodd\n"
    )
    assert NpmSettings.read(environ).as_npmrc() == b"registry=https://a/\n@acme:registry=https://b/\n"


def test_variables_win_over_the_file_and_name_another_file(tmp_path: Path) -> None:
    environ = npmrc(tmp_path, "registry=https://a/\n", NPM_CONFIG_REGISTRY="https://b/", npm_config_strict_ssl="false")
    assert NpmSettings.read(environ).values == {"registry": "https://b/", "strict-ssl": "false"}
    (tmp_path / "other").write_text("cafile=/ca.pem")
    named = {"HOME": str(tmp_path), "NPM_CONFIG_USERCONFIG": str(tmp_path / "other")}
    assert NpmSettings.read(named).values == {"cafile": "/ca.pem"}


def test_logins_go_to_builds_of_the_worker_itself_only(tmp_path: Path) -> None:
    environ = npmrc(tmp_path, "//a/:_authToken=${TOKEN}\n//b/:_authToken=${UNSET}\n_authToken=old\n", TOKEN="t0ken")
    assert NpmSettings.read(environ).values == {"//a/:_authToken": "t0ken", "//b/:_authToken": "${UNSET}"}
    assert NpmSettings.read(environ, has_logins=False).values == {}
    assert "t0ken" not in repr(NpmSettings.read(environ))


def test_a_file_nobody_can_read_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_bytes(b"\xff")
    assert NpmSettings.read({"HOME": str(tmp_path)}).as_npmrc() == b""
    assert NpmSettings.read({"HOME": __file__}).as_npmrc() == b""
    assert NpmSettings.read({"npm_config_registry": "https://a/\nscript-shell=/evil"}).values == {}


def test_what_may_hold_a_password_is_known() -> None:
    settings = NpmSettings.read({"NPM_CONFIG_REGISTRY": "https://me:pw@a/", "NPM_CONFIG_STRICT_SSL": "true"})
    assert settings.addresses == ("https://me:pw@a/",)
