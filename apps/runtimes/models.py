"""What is known of runtimes, and of the environments that workers built with them."""

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.runtimes.definition import RuntimeDefinition

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class RuntimeQuerySet(models.QuerySet["Runtime"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.RUNTIME_VIEW, Columns(pack="pack_ref")))

    def named(self, name: str) -> Self:
        """The one of this name or alias."""
        return self.filter(models.Q(name=name) | models.Q(aliases__contains=[name]))


class Runtime(models.Model):
    """A language (or another way to run a program), as a pack's `runtimes/<name>.yaml` describes it.

    `pack_ref` and `pack_digest` say which version of which pack brought it, and so where its wrapper lies.
    """

    name = models.CharField(max_length=40, unique=True)
    aliases = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    pack_ref = models.CharField(max_length=100, db_index=True)
    pack_digest = models.CharField(max_length=64)
    definition = models.JSONField(help_text="the runtime file, with every default filled in")
    updated_at = models.DateTimeField(db_default=Now())

    objects = RuntimeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def parsed(self) -> RuntimeDefinition:
        return RuntimeDefinition.from_json(self.definition)


class EnvironmentQuerySet(models.QuerySet["Environment"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.ENVIRONMENT_VIEW, Columns(pack="pack_ref")))


class Environment(models.Model):
    """What is known of a pack's environment on one volume. The volume itself is the truth: its link says what
    serves, its metadata what that is; this row tells people, and keeps the log.

    A failed build leaves `generation` and what belongs to it as they were, since that one goes on serving.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        BUILDING = "building"
        READY = "ready"
        FAILED = "failed"
        OUTDATED = "outdated"

    pack_ref = models.CharField(max_length=100)
    runtime = models.CharField(max_length=40)
    volume_id = models.CharField(max_length=36)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    dependency_hash = models.CharField(max_length=64, blank=True, default="")
    generation = models.PositiveIntegerField(default=0, help_text="0: nothing was ever built")
    dependencies = models.JSONField(default=list, help_text="as they were asked for")
    packages = models.JSONField(default=dict, help_text="as they were installed, name → version")
    interpreter = models.CharField(max_length=500, blank=True, default="")
    version = models.CharField(max_length=40, blank=True, default="")
    executable = models.CharField(max_length=500, blank=True, default="", help_text="what runs actions in it")
    size_bytes = models.BigIntegerField(default=0, help_text="of the generation that serves")
    disk_bytes = models.BigIntegerField(default=0, help_text="of all generations")
    problems = models.JSONField(default=list, help_text="what was broken when it was validated last")
    validated_at = models.DateTimeField(null=True, blank=True)
    log = models.TextField(blank=True, default="", help_text="the newest part of the last build's output")
    error = models.TextField(blank=True, default="", help_text="why the last build failed")
    built_by = models.CharField(max_length=255, blank=True, default="", help_text="name of the worker")
    requested_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    installed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
        ordering = ["pack_ref", "runtime", "volume_id"]
        constraints = [
            models.UniqueConstraint(fields=["pack_ref", "runtime", "volume_id"], name="environment_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.pack_ref}/{self.runtime} ({self.status})"

    @property
    def where(self) -> Place:
        return Place(pack=self.pack_ref)

    @property
    def needs_update(self) -> bool:
        """Whether something else is wanted than what serves, as far as is known."""
        return self.status != self.Status.READY
