"""What can be done to environments over REST. Workers do it, one on each volume; answers tell how many were asked."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.grants import Place
from apps.accounts.permissions import Verb, require
from apps.actions.models import Action
from apps.api.environments.serializers import AskedSerializer, CleanupSerializer, ValidateSerializer
from apps.api.views import View
from apps.core.errors import NotFound
from apps.packs.services.manage import get_pack
from apps.runtimes.models import Environment, Runtime
from apps.workers.builds import request_builds, request_rollbacks
from apps.workers.upkeep import request_cleanups, request_validations


class NoSuchEnvironment(NotFound):
    """The pack has no actions in this runtime, or the runtime has no environments."""

    code = "unknown_environment"


class EnsureView(View):
    verbs = {"POST": Verb.ENVIRONMENT_MANAGE}

    @extend_schema(request=None, responses={202: AskedSerializer})
    def post(self, request: Request, ref: str, runtime: str) -> Response:
        """Builds the environment if it is missing or not what the pack wants now; else changes nothing."""
        self.only_parameters(request)
        self.no_body(request)
        check(self, request, ref, runtime)
        return Response({"volumes": request_builds(ref, runtime)}, status=202)


class RebuildView(View):
    verbs = {"POST": Verb.ENVIRONMENT_MANAGE}

    @extend_schema(request=None, responses={202: AskedSerializer})
    def post(self, request: Request, ref: str, runtime: str) -> Response:
        """Builds the environment anew beside the one that serves, and switches to it when it is complete."""
        self.only_parameters(request)
        self.no_body(request)
        check(self, request, ref, runtime)
        return Response({"volumes": request_builds(ref, runtime, rebuild=True)}, status=202)


class RollbackView(View):
    verbs = {"POST": Verb.ENVIRONMENT_MANAGE}

    @extend_schema(request=None, responses={202: AskedSerializer})
    def post(self, request: Request, ref: str, runtime: str) -> Response:
        """Lets the generation before the one that serves serve again."""
        self.only_parameters(request)
        self.no_body(request)
        check(self, request, ref, runtime)
        return Response({"volumes": request_rollbacks(ref, runtime)}, status=202)


class ValidateView(View):
    verbs = {"POST": Verb.ENVIRONMENT_MANAGE}

    @extend_schema(request=ValidateSerializer, responses={202: AskedSerializer})
    def post(self, request: Request, ref: str, runtime: str) -> Response:
        """Looks whether the environment still is what was built; `problems` of the environment tell what was found.
        With `repair`, it is built anew if it is not."""
        self.only_parameters(request)
        body = self.read_body(request, ValidateSerializer)
        check(self, request, ref, runtime)
        return Response({"volumes": request_validations(ref, runtime, repair=body["repair"])}, status=202)


class CleanupView(View):
    verbs = {"POST": Verb.ENVIRONMENT_MANAGE}

    @extend_schema(request=CleanupSerializer, responses={202: AskedSerializer})
    def post(self, request: Request) -> Response:
        """Removes generations on all volumes that neither serve nor run nor are among the newest."""
        self.only_parameters(request)
        body = self.read_body(request, CleanupSerializer)
        require(self.identity(request), Verb.ENVIRONMENT_MANAGE, on=Place())
        return Response({"volumes": request_cleanups(keep_recent=body["keep_recent"])}, status=202)


def check(view: View, request: Request, ref: str, runtime: str) -> None:
    """Raises `NoSuchEnvironment` and what keeps the caller from the pack."""
    pack = get_pack(view.identity(request), ref)
    require(view.identity(request), Verb.ENVIRONMENT_MANAGE, on=pack)
    if Environment.objects.filter(pack_ref=ref, runtime=runtime).exists():
        return
    if not Action.objects.filter(pack=pack, runtime=runtime).exists():
        raise NoSuchEnvironment(f"The pack {ref} has no actions in {runtime}.")
    row = Runtime.objects.filter(name=runtime).first()
    if row is not None and not row.parsed.has_environments:
        raise NoSuchEnvironment(f"Actions in {runtime} need no environment: the runtime has none.")
