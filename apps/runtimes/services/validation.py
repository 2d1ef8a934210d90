"""Looks at what serves on this host's volume, and tells the row what was found."""

from dataclasses import dataclass

from django.db.models import Case, Value, When
from django.db.models.functions import Now

from apps.core.database import release_connection
from apps.runtimes.environments.layout import BASE
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import BuildSettings, CommandRunner, EnvironmentRequest
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.models import Environment
from apps.runtimes.services.environments import environment_row

Status = Environment.Status


@dataclass(frozen=True)
class Examination:
    """`problems` are for people; something is built anew if there are any, or if it `needs_update`."""

    problems: tuple[str, ...]
    needs_update: bool

    @property
    def is_sound(self) -> bool:
        return not (self.problems or self.needs_update)


def validate_environment(request: EnvironmentRequest, *, settings: BuildSettings, run: CommandRunner) -> Examination:
    """Starts the environment's interpreter and compares its packages with what was built. Repairs nothing.

    What is broken or not what is wanted becomes `outdated`; what was, and is well again, `ready`.
    """
    provider = provider_named(request.runtime.environment.provider, settings)
    release_connection()
    found = Examination(provider.validate_environment(request, run=run), provider.needs_update(request))
    if request.runtime.has_environments:
        row = environment_row(
            pack_ref=request.pack_ref if request.needs_environment else BASE,
            runtime=request.runtime.name,
            volume_id=volume_id(settings.envs_dir),
        )
        _tell(row, found)
    return found


def _tell(row: Environment, found: Examination) -> None:
    before, after = (Status.OUTDATED, Status.READY) if found.is_sound else (Status.READY, Status.OUTDATED)
    Environment.objects.filter(pk=row.pk).update(
        problems=[text.replace("\0", "") for text in found.problems],
        status=Case(When(status=before, then=Value(after)), default="status"),
        validated_at=Now(),
        updated_at=Now(),
    )
