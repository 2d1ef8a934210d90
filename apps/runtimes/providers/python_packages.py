"""Installs Python packages into an environment: by uv, or by pip once where uv fails or is absent."""

from collections.abc import Callable, Sequence
from pathlib import Path

from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.workshop import CommandFailed, Workshop
from apps.runtimes.providers.pip_settings import PipSettings
from apps.runtimes.providers.requirements import Requirements


class PackageInstaller:
    """Fills one environment. Runs in the pack's folder, which relative paths in requirements mean."""

    def __init__(self, python: Path, *, pack_dir: Path, workshop: Workshop, seed_pip: Callable[[], None]) -> None:
        """`python` is the environment's; `seed_pip` puts pip into it, should it come to that."""
        self._python = python
        self._pack_dir = pack_dir
        self._workshop = workshop
        self._seed_pip = seed_pip
        self._settings = PipSettings.read(workshop.settings.environ, index_url=workshop.settings.index_url)
        workshop.log.mask(self._settings.addresses)

    def install(self, requirements: Requirements) -> None:
        """Raises `BuildFailed` with what each installer said last."""
        lists = self._written(requirements)
        try:
            self._install_with_uv(lists)
        except CommandFailed as uv:
            self._workshop.log.say(f"{uv.detail} Trying once with pip, which does some things differently.")
            try:
                # What the network refused to uv again and again, it will not give to pip.
                self._install_with_pip(lists, is_patient=not uv.is_network)
            except CommandFailed as pip:
                said = f"uv: {uv.reason}\npip: {pip.reason}"
                raise BuildFailed(f"The dependencies could not be installed.\n{said}") from pip

    def _install_with_uv(self, lists: Sequence[str]) -> None:
        config = self._workshop.scratch / "uv.toml"
        config.write_text(self._settings.as_uv_toml(), encoding="utf-8")
        cache = self._workshop.cache_dir / "uv"
        argv = [
            *(_uv_program(), "pip", "install", "--python", str(self._python), *lists),
            *("--config-file", str(config), "--cache-dir", str(cache), "--no-python-downloads"),
            # With links into the cache, an action that writes there would change the environments of others.
            *("--link-mode", "copy", "--compile-bytecode"),
            *("--color", "never", "--no-progress"),
        ]
        # uv tries once more for itself, so that one lost file of many does not begin everything anew.
        env = {**self._settings.environ, "UV_HTTP_RETRIES": "1"}
        self._workshop.download(argv, cwd=self._pack_dir, env=env, offline=["--offline"])

    def _install_with_pip(self, lists: Sequence[str], *, is_patient: bool) -> None:
        self._seed_pip()
        config = self._workshop.scratch / "pip.conf"
        config.write_text(self._settings.as_pip_conf(), encoding="utf-8")
        argv = [
            *(str(self._python), "-m", "pip", "install", *lists),
            *("--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off"),
            *("--cache-dir", str(self._workshop.cache_dir / "pip"), "--retries", "2" if is_patient else "0"),
        ]
        run = self._workshop.download if is_patient else self._workshop.command
        run(argv, cwd=self._pack_dir, env={**self._settings.environ, "PIP_CONFIG_FILE": str(config)})

    def _written(self, requirements: Requirements) -> list[str]:
        """The lists as files; the arguments that name them."""
        arguments = []
        for option, lines in (("-r", requirements.lines), ("-c", requirements.constraints)):
            if lines:
                file = self._workshop.scratch / f"requirements{option}.txt"
                file.write_text("\n".join(lines) + "\n", encoding="utf-8")
                arguments += [option, str(file)]
        return arguments


def _uv_program() -> str:
    """Raises `CommandFailed` where uv is not installed."""
    try:
        from uv import find_uv_bin  # not everywhere: pip does where the wheel has no binary for the platform

        return find_uv_bin()
    except (ImportError, FileNotFoundError) as error:
        raise CommandFailed("uv is not installed.") from error
