"""What a build sees of the worker's environment."""

from pathlib import Path

import pytest

from apps.runtimes.environments.build_environ import build_environ, passwords_in

SCRATCH = Path("/scratch")


def test_secrets_of_the_worker_stay_out() -> None:
    environ = {
        "DATABASE_URL": "x",
        "ATTUNE_SECRET_KEY": "y",
        "AWS_SECRET_ACCESS_KEY": "z",
        "PIP_INDEX_URL": "w",
        "PATH": "/bin",
    }
    assert set(build_environ(environ, scratch=SCRATCH)) == {"PATH", "LANG", "HOME", "TMPDIR"}


def test_proxies_certificates_and_compilers_are_passed_on() -> None:
    environ = {"https_proxy": "http://proxy:3128", "SSL_CERT_FILE": "/ca.pem", "CC": "clang"}
    assert environ.items() <= build_environ(environ, scratch=SCRATCH).items()


def test_what_the_operator_names_is_passed_on_too() -> None:
    assert build_environ({"GOPROXY": "x"}, scratch=SCRATCH, also=["GOPROXY"])["GOPROXY"] == "x"


def test_home_and_temporary_files_are_in_the_private_folder() -> None:
    built = build_environ({"HOME": "/root", "TMPDIR": "/tmp"}, scratch=SCRATCH)
    assert (built["HOME"], built["TMPDIR"]) == ("/scratch", "/scratch")


def test_the_file_with_logins_is_found_though_home_is_another(tmp_path: Path) -> None:
    assert "NETRC" not in build_environ({"HOME": str(tmp_path)}, scratch=SCRATCH)
    (tmp_path / ".netrc").touch()
    assert build_environ({"HOME": str(tmp_path)}, scratch=SCRATCH)["NETRC"] == str(tmp_path / ".netrc")


def test_a_home_that_cannot_be_looked_into_is_no_obstacle() -> None:
    # A file is no folder for anybody, root included.
    assert "NETRC" not in build_environ({"HOME": __file__}, scratch=SCRATCH)


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("https://user:secret@host/simple", {"secret", "user:secret"}),
        ("https://token@host/simple", {"token"}),
        ("https://host/simple", set()),
        ("file:///opt/wheels", set()),
        ("/opt/wheels", set()),
        ("http://[broken", set()),
        ("", set()),
    ],
)
def test_the_secret_parts_of_addresses_are_known(url: str, secrets: set[str]) -> None:
    assert passwords_in(url) == secrets
