"""The heart: one row per accepted execution. `transitions` alone writes `status`."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.executions.querysets import ExecutionQuerySet
from apps.executions.states import ACTIVE, LIVE, TERMINAL, Status

_LIVE = sorted(LIVE)
_ACTIVE = sorted(ACTIVE)


class SecretParameters(models.Model):
    """The secret parameters of an execution, sealed; a rerun refers to the same row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "secret parameters"

    def __str__(self) -> str:
        return str(self.pk)

    @staticmethod
    def bound_to(secret_id: uuid.UUID) -> str:
        """The additional data of the sealed values: a ciphertext moved to another row does not open."""
        return f"attune:parameters:v1|{secret_id}"


class SecretOutputs(models.Model):
    """The secret outputs of an execution, sealed, apart from its result; later executions refer to them."""

    #: The database itself removes them with their execution (migration 0009).
    execution = models.OneToOneField(
        "executions.Execution",
        primary_key=True,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="secret_outputs",
    )
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "secret outputs"

    def __str__(self) -> str:
        return str(self.pk)

    @staticmethod
    def bound_to(execution_id: int) -> str:
        """The additional data of the sealed values."""
        return f"attune:outputs:v1|{execution_id}"


class Execution(models.Model):
    """What was asked for (pinned), where it stands, and how it ended.

    `attempt` counts starts. `token` fences the writes of the attempt that runs now. `number` is the place in the line
    of `gate`, the first gate; `later_gates` are passed after it, narrowest first.
    """

    # asked for, never changed
    action_ref = models.CharField(max_length=255)
    pack_ref = models.CharField(max_length=100)
    pack_version = models.CharField(max_length=100)
    pack_digest = models.CharField(max_length=64)
    definition = models.ForeignKey(
        "actions.ActionDefinition", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=20, default="process")
    parameters = models.JSONField(default=dict)
    secret_parameters = models.ForeignKey(
        SecretParameters, null=True, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    labels = models.JSONField(default=dict)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, db_index=False, related_name="children")
    rerun_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, db_index=False, related_name="+")
    trace_id = models.UUIDField(default=uuid.uuid4)
    traceparent = models.CharField(max_length=55, blank=True, db_default="", help_text="of the request, W3C")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    timeout_s = models.FloatField()
    max_attempts = models.PositiveIntegerField(default=1)
    retry = models.JSONField(null=True, blank=True, help_text="of a policy; null: as the definition says")
    pool = models.CharField(max_length=63)
    queue = models.CharField(max_length=255)

    # where it stands
    status = models.CharField(max_length=10, choices=[(status.value, status.value) for status in Status])
    reason = models.JSONField(null=True, blank=True, help_text="{code, text, …facts}")
    not_before = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    gate = models.ForeignKey(
        "executions.Gate", null=True, on_delete=models.SET_NULL, db_index=False, related_name="executions"
    )
    later_gates = ArrayField(models.BigIntegerField(), default=list)
    number = models.BigIntegerField(null=True, blank=True)
    attempt = models.PositiveIntegerField(db_default=1)
    retries = models.PositiveIntegerField(db_default=0)
    losses = models.PositiveIntegerField(db_default=0)
    token = models.BigIntegerField(null=True, blank=True)
    # No constraint: the database would look through all executions for each worker that is forgotten.
    worker = models.ForeignKey(
        "workers.Worker",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="executions",
    )
    hinted_at = models.DateTimeField(null=True, blank=True)
    hints = models.PositiveIntegerField(default=0)

    # how it ended
    result = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True, help_text="{type, message, traceback?}")
    exit_code = models.IntegerField(null=True, blank=True)
    signal = models.CharField(max_length=20, blank=True, db_default="")

    created_at = models.DateTimeField(db_default=Now())
    scheduled_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    # what retention took of it
    logs_removed_at = models.DateTimeField(null=True, blank=True)
    artifacts_removed_at = models.DateTimeField(null=True, blank=True)

    objects = ExecutionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["action_ref", "id"], name="execution_action"),
            models.Index(fields=["pack_ref", "id"], name="execution_pack"),
            models.Index(fields=["status", "id"], name="execution_status"),
            models.Index(fields=["requested_by", "id"], name="execution_requested_by"),
            models.Index(fields=["parent", "id"], name="execution_parent", condition=models.Q(parent__isnull=False)),
            models.Index(
                fields=["rerun_of", "id"], name="execution_rerun_of", condition=models.Q(rerun_of__isnull=False)
            ),
            GinIndex(
                fields=["labels"], opclasses=["jsonb_path_ops"], name="execution_labels", condition=~models.Q(labels={})
            ),
            # the sweeps, each with an index as small as its work
            models.Index(fields=["hinted_at"], name="execution_hintable", condition=models.Q(status="scheduled")),
            models.Index(
                fields=["not_before"],
                name="execution_due",
                condition=models.Q(status="requested", number__isnull=True),
            ),
            models.Index(fields=["worker"], name="execution_on_worker", condition=models.Q(status__in=_ACTIVE)),
            models.Index(
                fields=["expires_at"],
                name="execution_expiring",
                condition=models.Q(status__in=["requested", "delayed"], expires_at__isnull=False),
            ),
            # statistics, without a look at the rows themselves
            models.Index(
                fields=["ended_at"],
                include=["status", "action_ref", "started_at", "requested_by"],
                name="execution_ended",
                condition=models.Q(ended_at__isnull=False),
            ),
            # retention
            models.Index(
                fields=["ended_at"],
                name="execution_with_logs",
                condition=models.Q(ended_at__isnull=False, logs_removed_at__isnull=True),
            ),
            models.Index(
                fields=["ended_at"],
                name="execution_with_artifacts",
                condition=models.Q(ended_at__isnull=False, artifacts_removed_at__isnull=True),
            ),
            models.Index(
                fields=["secret_parameters"],
                name="execution_with_secrets",
                condition=models.Q(secret_parameters__isnull=False),
            ),
            # gates: all at one, those that ended there, and those alive in the order of the line
            models.Index(fields=["gate", "id"], name="execution_gate", condition=models.Q(gate__isnull=False)),
            models.Index(
                fields=["gate", "id"],
                name="execution_ended_at_gate",
                condition=models.Q(gate__isnull=False, ended_at__isnull=False),
            ),
            models.Index(
                fields=["gate", "number"],
                name="execution_live_at_gate",
                condition=models.Q(gate__isnull=False, status__in=_LIVE),
            ),
            GinIndex(
                fields=["later_gates"],
                name="execution_later_gates",
                condition=models.Q(status__in=_LIVE) & ~models.Q(later_gates=[]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="execution_status_known", condition=models.Q(status__in=[status.value for status in Status])
            ),
            models.CheckConstraint(
                name="execution_number_needs_gate",
                condition=models.Q(number__isnull=True) | models.Q(gate__isnull=False) | models.Q(status__in=TERMINAL),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.action_ref}"

    @property
    def where(self) -> Place:
        return Place(pack=self.pack_ref, ref=self.action_ref, owner_id=self.requested_by_id)

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def duration_s(self) -> float | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()
