"""Environments of packs: what serves, what was built, why a build failed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb, may, require
from apps.actions.models import Action
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.core.errors import Conflict, Invalid, NotFound
from apps.runtimes.environments.layout import BASE
from apps.runtimes.models import Environment
from apps.runtimes.services.disk_usage import usage_by_volume
from apps.runtimes.services.generations import known_generations
from apps.workers.builds import KEEP_RECENT, request_builds, request_rollbacks
from apps.workers.upkeep import request_cleanups, request_removals, request_validations

_Status = Environment.Status


@dataclass(frozen=True)
class _Deed:
    """Asks the workers, and says what they do now."""

    request: Callable[[str, str], int]
    text: str
    is_the_end: bool = False


_DEEDS = {
    "ensure": _Deed(request_builds, "is built if it is missing or not what the pack wants"),
    "rebuild": _Deed(
        lambda ref, runtime: request_builds(ref, runtime, rebuild=True),
        "is built anew; what serves goes on serving until then",
    ),
    "rollback": _Deed(request_rollbacks, "goes back to the generation before"),
    "validate": _Deed(request_validations, "is validated; what is found stands here in a moment"),
    "repair": _Deed(
        lambda ref, runtime: request_validations(ref, runtime, repair=True),
        "is validated, and built anew if it is broken",
    ),
    "remove": _Deed(request_removals, "is removed; the next run builds it again", is_the_end=True),
}


class EnvironmentsPage(Page):
    verbs = {"GET": Verb.ENVIRONMENT_VIEW, "POST": Verb.ENVIRONMENT_MANAGE}
    template_name = "console/environments.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Environment.objects.visible_to(self.identity).defer("log", "packages", "dependencies")
        wanted = {name: request.GET.get(name, "").replace("\0", "")[:100] for name in ("status", "runtime", "pack")}
        if wanted["status"] in _Status.values:
            rows = rows.filter(status=wanted["status"])
        if wanted["runtime"]:
            rows = rows.filter(runtime=wanted["runtime"])
        if wanted["pack"]:
            rows = rows.filter(pack_ref=wanted["pack"])
        page = page_of(rows, request.GET)
        usage = usage_by_volume(Environment.objects.visible_to(self.identity))
        return self.show(
            "Environments",
            page=page,
            wanted=wanted,
            statuses=_Status.values,
            usage=usage,
            may_clean_up=may(self.identity, Verb.ENVIRONMENT_MANAGE, on=Place()),
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Removes old generations on all volumes."""
        require(self.identity, Verb.ENVIRONMENT_MANAGE, on=Place())
        if request.POST.get("deed") != "cleanup":
            raise Invalid("Say what is to be done: cleanup.")
        asked = request_cleanups(keep_recent=KEEP_RECENT)
        if not asked:
            messages.warning(request, "No worker was there to be asked: start one, then try again.")
            return self.back()
        return self.done(
            "Old generations are being removed; what serves and runs stays.", reverse("admin:environments")
        )


class EnvironmentPage(Page):
    """One environment, and what can be done to it."""

    verbs = {"GET": Verb.ENVIRONMENT_VIEW, "POST": Verb.ENVIRONMENT_MANAGE}
    template_name = "console/environment.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        environment = self._environment(pk)
        generations = known_generations(environment, envs_dir=Path(settings.ATTUNE_RUNTIME_ENVS_DIR).absolute())
        is_base = environment.pack_ref == BASE
        return self.show(
            f"{'Shared base' if is_base else environment.pack_ref} / {environment.runtime}",
            parents=[Parent("Environments", reverse("admin:environments"))],
            environment=environment,
            is_base=is_base,
            is_moving=environment.status in (_Status.PENDING, _Status.BUILDING),
            generations=generations,
            packages=sorted(environment.packages.items()),
            may_manage=not is_base and may(self.identity, Verb.ENVIRONMENT_MANAGE, on=environment),
            may_roll_back=generations is None or sum(item.size_bytes is not None for item in generations) > 1,
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        environment = self._environment(pk)
        require(self.identity, Verb.ENVIRONMENT_MANAGE, on=environment)
        ref, runtime = environment.pack_ref, environment.runtime
        deed = _DEEDS.get(request.POST.get("deed", ""))
        if not Action.objects.filter(pack__ref=ref, runtime=runtime).exists():
            raise Conflict(f"No installed pack {ref} has actions in {runtime}, so nothing would use it.")
        if deed is None:
            raise Invalid(f"Say what is to be done: {', '.join(_DEEDS)}.")
        asked = deed.request(ref, runtime)
        if not asked:
            messages.warning(request, f"No worker was there to be asked: start one that has {runtime}, then try again.")
            return self.back()
        volumes = "" if asked == 1 else f", on {asked} volumes"
        address = reverse("admin:environments") if deed.is_the_end else reverse("admin:environment", args=[pk])
        return self.done(f"{ref} / {runtime} {deed.text}{volumes}.", address)

    def _environment(self, pk: int) -> Environment:
        environment = Environment.objects.visible_to(self.identity).filter(pk=pk).first()
        if environment is None:
            raise NotFound(f"There is no environment {pk}.")
        return environment
