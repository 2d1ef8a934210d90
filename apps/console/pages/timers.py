"""Timers: when each is due next and why one is not; the times of one that does not exist yet."""

from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.console.timer_forms import PREVIEWS, BackfillForm, PreviewForm
from apps.console.timer_words import shown_times, zone_name
from apps.core.errors import AttuneError, Invalid
from apps.rules.models import Rule
from apps.triggers.models import Event, Timer
from apps.triggers.timers import services
from apps.triggers.timers.keeping import reason_of
from apps.triggers.timers.reading import CRON, InvalidTimer
from apps.triggers.timers.services import Preview

#: Rules and events shown on the page of a timer.
_RULES = 50
_LAST = 10


class TimersPage(Page):
    verbs = {"GET": Verb.TRIGGER_VIEW}
    template_name = "console/timers.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Timer.objects.visible_to(self.identity).select_related("trigger__type")
        status = request.GET.get("status", "")
        if status in Timer.Status.values:
            rows = rows.in_status([status])
        page = page_of(rows, request.GET)
        rules = self._rules([row.trigger_id for row in page.rows])
        timers = [(row, *rules.get(row.trigger_id, ("", 0))) for row in page.rows]
        return self.show("Timers", page=page, timers=timers, wanted=status, statuses=Timer.Status.values)

    def _rules(self, triggers: list[int]) -> dict[int, tuple[str, int]]:
        """Of each trigger one rule that listens, and how many there are."""
        rules = Rule.objects.visible_to(self.identity).active().filter(trigger__in=triggers)
        counted = rules.order_by().values_list("trigger").annotate(first=Min("ref"), count=Count("pk"))
        return {trigger: (first, count) for trigger, first, count in counted}


class TimerPage(Page):
    """One timer. Pauses and resumes it, and records what it left out."""

    verbs = {"GET": Verb.TRIGGER_VIEW, "POST": Verb.TIMER_MANAGE}
    template_name = "console/timer.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(services.get_timer(self.identity, pk), BackfillForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        timer = services.get_timer(self.identity, pk, to=Verb.TIMER_MANAGE)
        address = reverse("admin:timer", args=[pk])
        match request.POST.get("deed"):
            case "pause":
                services.pause_timer(timer)
                return self.done("It is paused: it fires no more until it is resumed.", address)
            case "resume":
                resumed = services.resume_timer(timer)
                return self.done(_RESUMED.get(resumed.status, "It goes on with its next time."), address)
            case "backfill":
                return self._backfill(timer, address)
        raise Invalid("Say what is to be done: pause, resume or backfill.")

    def _backfill(self, timer: Timer, address: str) -> HttpResponse:
        form = BackfillForm(self.request.POST)
        if form.is_valid():
            try:
                filled = services.backfill(timer, **form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                known = f"; {filled.known} were there already" if filled.known else ""
                return self.done(f"Events recorded: {filled.recorded}{known}.", address)
        return self._page(timer, form, status=400)

    def _page(self, timer: Timer, form: BackfillForm, *, status: int = 200) -> HttpResponse:
        said, trouble = timer.trigger.parameters, timer.trouble
        times = []
        try:
            times = services.upcoming(timer)
        except InvalidTimer as error:  # its zone went away, and it was not due since
            trouble = reason_of(error)
        rules = Rule.objects.visible_to(self.identity).in_force().filter(trigger=timer.trigger).order_by("ref")
        return self.show(
            f"Timer {timer.pk}", parents=[_parent()], status=status, timer=timer, trouble=trouble, form=form,
            parameters=sorted(said.items()), zone=zone_name(said), times=shown_times(times, said),
            rules=list(rules[: _RULES + 1]), most_rules=_RULES, last=self._last(timer),
            may_manage=may(self.identity, Verb.TIMER_MANAGE, on=timer),
        )  # fmt: skip

    def _last(self, timer: Timer) -> list[Event]:
        """By the scheduled time, which is the key that a timer's events have: so an index finds them."""
        events = Event.objects.visible_to(self.identity).filter(
            type_ref=timer.trigger.type.ref, digest=timer.trigger.digest, dedupe_key__isnull=False
        )
        return list(events.only("payload", "dedupe_key", "received_at").order_by("-dedupe_key")[:_LAST])


_RESUMED = {
    Timer.Status.STOPPED: "It is no longer paused, but no rule listens to it.",
    Timer.Status.OVER: "It is no longer paused, but it has no time left.",
    Timer.Status.TROUBLE: "It still cannot fire; its trouble says why.",
}


class TimerPreviewPage(Page):
    """The times of a timer before there is a rule. All of it is in the address; nothing is saved."""

    verbs = {"GET": Verb.TRIGGER_VIEW}
    template_name = "console/timer_preview.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("trigger", "")
        trigger = wanted if wanted in PREVIEWS else CRON
        form = PREVIEWS[trigger](request.GET if set(PREVIEWS[trigger].base_fields) & set(request.GET) else None)
        found = self._preview(trigger, form) if form.is_bound and form.is_valid() else None
        return self.show(
            "Times of a timer", parents=[_parent()], status=400 if form.errors else 200, form=form, trigger=trigger,
            triggers=[(ref, ref.partition(".")[2]) for ref in PREVIEWS], found=found,
            times=shown_times(found.times, found.parameters) if found else [],
            zone=zone_name(found.parameters) if found else "",
        )  # fmt: skip

    def _preview(self, trigger: str, form: PreviewForm) -> Preview | None:
        try:
            return services.preview(self.identity, trigger, form.parameters)
        except AttuneError as error:
            form.add_refusal(error)
            return None


def _parent() -> Parent:
    return Parent("Timers", reverse("admin:timers"))
