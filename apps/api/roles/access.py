"""Why somebody may or may not, over REST."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.explain import explain
from apps.accounts.permissions import Verb
from apps.accounts.services.identities import get_identity
from apps.api.roles import serializers
from apps.api.views import View
from apps.executions.places import place_of


class ExplainView(View):
    verbs = {"POST": Verb.SELF_VIEW}
    #: It changes nothing.
    records_itself = True

    @extend_schema(request=serializers.QuestionSerializer, responses=serializers.AnswerSerializer)
    def post(self, request: Request) -> Response:
        """Why an identity may or may not do something: every grant that names it, and whether it holds there.

        Everybody may ask about themselves, who sees identities about others. Answers by roles, not by tokens.
        """
        self.only_parameters(request)
        values = self.read_body(request, serializers.QuestionSerializer)
        asking = self.identity(request)
        about = get_identity(asking, values["identity"]) if "identity" in values else asking
        place = place_of(asking, values["on"]) if "on" in values else None
        answer = explain(about, Verb(values["verb"]), place=place)
        named = {"identity": about.username, "verb": values["verb"], "on": values.get("on")}
        return Response({**named, **asdict(answer)})
