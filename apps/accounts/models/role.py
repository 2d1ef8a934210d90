"""Roles and who has them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.querysets import RoleAssignmentQuerySet, RoleQuerySet


class Role(models.Model):
    """A named list of grants, each as text (see `apps.accounts.grants`)."""

    class Source(models.TextChoices):
        SHIPPED = "shipped"
        OPERATOR = "operator"
        PACK = "pack"

    name = models.CharField(max_length=255, unique=True)
    description = models.TextField(blank=True, default="")
    grants = models.JSONField(default=list)
    source = models.CharField(max_length=10, choices=Source, default=Source.OPERATOR)
    pack_ref = models.CharField(max_length=100, blank=True, default="", help_text="of the pack whose file it is in")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = RoleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_editable(self) -> bool:
        return self.source == self.Source.OPERATOR


class RoleAssignment(models.Model):
    """An identity or a group has a role, perhaps until a moment."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="assignments")
    identity = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="role_assignments"
    )
    group = models.ForeignKey("auth.Group", null=True, on_delete=models.CASCADE, related_name="role_assignments")
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="role_of_identity_or_group",
                condition=Q(identity__isnull=False, group__isnull=True) | Q(identity__isnull=True, group__isnull=False),
            ),
            models.UniqueConstraint(fields=["role", "identity"], name="role_of_identity_once"),
            models.UniqueConstraint(fields=["role", "group"], name="role_of_group_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} of {self.identity_id or self.group_id}"
