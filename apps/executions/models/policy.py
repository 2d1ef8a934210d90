"""Rules about what runs: how many at a time or in a time, how long, how often. A row keeps its id over reloads of the
pack it comes from."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.actions.models import Action

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Grants of a rate are remembered one by one, so there is a most.
MOST_IN_WINDOW = 10_000
#: Shorter windows would be finer than the clock that lets in again; longer ones are remembered too long.
SHORTEST_WINDOW_S = 0.1
LONGEST_WINDOW_S = 86_400.0


def _of_packs(refs: list[str]) -> Q:
    """Those of the packs, and those of their actions: which pack an action is of, only its row says."""
    actions = Action.objects.filter(pack__ref__in=refs).values("ref")
    return Q(scope="pack", subject__in=refs) | Q(scope="action", subject__in=actions)


def _of_actions(refs: list[str]) -> Q:
    return Q(scope="action", subject__in=refs)


#: What scopes of grants are about. Rules for the whole system belong to no pack.
COLUMNS = Columns(pack=_of_packs, ref=_of_actions)


def _none(*names: str) -> Q:
    return Q(**{f"{name}__isnull": True for name in names})


class PolicyQuerySet(models.QuerySet["Policy"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.POLICY_VIEW, COLUMNS))

    def in_force(self) -> Self:
        return self.filter(is_removed=False)

    def with_gates(self) -> Self:
        """Those that make executions wait in line."""
        return self.filter(kind__in=Policy.GATES)


class Policy(models.Model):
    """One rule for its scope; what it says depends on its kind.

    `concurrency`: at most `limit` at a time, or for each value of `key`. `rate`: no stretch of `window_s` seconds sees
    more than `limit` pass. `retry`: how often and when a failed run is tried again. `timeout`: the most a run may take.
    `source=action` rows come from the action's own file, `source=pack` rows from a file in `policies/`; operators
    override their limit with `limit_override`. A removed policy stays, without a limit, until its last execution is
    gone.
    """

    class Kind(models.TextChoices):
        CONCURRENCY = "concurrency"
        RATE = "rate"
        RETRY = "retry"
        TIMEOUT = "timeout"

    class Scope(models.TextChoices):
        ACTION = "action"
        PACK = "pack"
        SYSTEM = "system"

    class Source(models.TextChoices):
        ACTION = "action"
        PACK = "pack"
        OPERATOR = "operator"

    class WhenFull(models.TextChoices):
        QUEUE = "queue"
        CANCEL = "cancel"
        REJECT = "reject"

    GATES = (Kind.CONCURRENCY, Kind.RATE)

    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.CONCURRENCY)
    scope = models.CharField(max_length=10, choices=Scope)
    subject = models.CharField(max_length=255, blank=True, default="", help_text="ref of the action or pack")
    source = models.CharField(max_length=10, choices=Source)
    pack_ref = models.CharField(max_length=100, blank=True, default="", help_text="of the pack whose file it is in")
    limit = models.PositiveIntegerField(null=True, blank=True)
    limit_override = models.PositiveIntegerField(null=True, blank=True)
    limit_version = models.PositiveBigIntegerField(
        default=1, help_text="raised with every change of the limit in force"
    )
    window_s = models.FloatField(null=True, blank=True)
    key = models.CharField(max_length=1000, null=True, blank=True)
    when_full = models.CharField(max_length=10, choices=WhenFull, default=WhenFull.QUEUE)
    max_waiting = models.PositiveIntegerField(null=True, blank=True)
    expires_s = models.FloatField(null=True, blank=True)
    retry = models.JSONField(null=True, blank=True, help_text="as in an action's file, with every default filled in")
    timeout_s = models.FloatField(null=True, blank=True)
    is_removed = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["subject"], condition=Q(source="action"), name="policy_of_action_file"),
            models.UniqueConstraint(
                fields=["pack_ref", "name"], condition=Q(source="pack", is_removed=False), name="policy_of_pack_file"
            ),
            models.UniqueConstraint(
                fields=["name"], condition=Q(source="operator", is_removed=False), name="policy_name"
            ),
            models.CheckConstraint(
                name="policy_subject_fits_scope",
                condition=Q(scope="system", subject="") | (~Q(scope="system") & ~Q(subject="")),
            ),
            models.CheckConstraint(
                name="policy_fields_fit_kind",
                condition=(
                    Q(kind="concurrency", limit__isnull=False) & _none("window_s", "retry", "timeout_s")
                    | Q(kind="rate", limit__isnull=False, limit__lte=MOST_IN_WINDOW, window_s__isnull=False)
                    & Q(window_s__gte=SHORTEST_WINDOW_S, window_s__lte=LONGEST_WINDOW_S)
                    & _none("retry", "timeout_s")
                    | Q(kind="retry", retry__isnull=False) & _none("limit", "window_s", "timeout_s", "key")
                    | Q(kind="timeout", timeout_s__isnull=False, timeout_s__gt=0)
                    & _none("limit", "window_s", "retry", "key")
                ),
            ),
            models.CheckConstraint(
                name="policy_override_fits_kind",
                condition=(
                    _none("limit_override") | Q(kind="concurrency") | Q(kind="rate", limit_override__lte=MOST_IN_WINDOW)
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def where(self) -> Place:
        """One query for a policy of an action."""
        return Policy.place_of(self.scope, self.subject)

    @staticmethod
    def place_of(scope: str, subject: str) -> Place:
        if scope == Policy.Scope.PACK:
            return Place(pack=subject)
        if scope == Policy.Scope.ACTION:
            pack = Action.objects.filter(ref=subject).values_list("pack__ref", flat=True).first()
            return Place(pack=pack, ref=subject)
        return Place()

    @property
    def has_gates(self) -> bool:
        """Whether executions wait for it in line."""
        return self.kind in self.GATES

    @property
    def is_rate(self) -> bool:
        return self.kind == self.Kind.RATE

    @property
    def decides_at_request(self) -> bool:
        """Whether a request may be refused or canceled because the gate is full."""
        return self.when_full != self.WhenFull.QUEUE or self.max_waiting is not None

    @property
    def limit_in_force(self) -> int | None:
        """None: no limit."""
        if self.is_removed:
            return None
        return self.limit if self.limit_override is None else self.limit_override

    @property
    def window_ms(self) -> int:
        """0 where it is no rate."""
        return round((self.window_s or 0) * 1000)
