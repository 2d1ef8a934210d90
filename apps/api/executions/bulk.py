"""Many executions at once over REST: canceled or rerun, each for itself."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb, require
from apps.api.executions.filters import FILTERS
from apps.api.filtering import apply
from apps.api.pagination import cursor_after, cursor_before
from apps.api.serializers import JsonObjectField, ShortList, StrictSerializer, Text, Whole
from apps.api.views import View
from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.executions.models import Execution
from apps.executions.services.bulk import MAX_BULK, cancel_many, rerun_many

_VERBS = {"cancel": Verb.EXECUTION_CANCEL, "rerun": Verb.EXECUTION_RUN}
_MAX_ID = 2**63 - 1


class BulkSerializer(StrictSerializer):
    operation = serializers.ChoiceField(choices=list(_VERBS))
    ids = ShortList(child=Whole(min_value=0, max_value=_MAX_ID), required=False, allow_empty=False, max_length=MAX_BULK)
    filter = JsonObjectField(
        max_bytes=8192, required=False, help_text="as in a list: `{status: 'failed', pack: 'aws', label: ['a:b']}`"
    )
    cursor = Text(max_length=300, required=False, help_text="`next` of the answer before, with the same filter")


class OutcomeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    ok = serializers.BooleanField()
    new_id = serializers.IntegerField(allow_null=True, help_text="the execution that a rerun made")
    code = serializers.CharField(help_text="why it was not done")
    detail = serializers.CharField()


class OutcomesSerializer(serializers.Serializer[Any]):
    results = OutcomeSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="the filter fits more: ask again with this as `cursor`")


class BulkView(View):
    verbs = {"POST": Verb.EXECUTION_VIEW}

    @extend_schema(request=BulkSerializer, responses={202: OutcomesSerializer}, operation_id="executions_bulk")
    def post(self, request: Request) -> Response:
        """Cancels or reruns up to 500 executions: those named by `ids`, or the newest that fit `filter` (to be
        canceled: the live ones). Each for itself; the answer says for each how it went.
        """
        self.only_parameters(request)
        values = self.read_body(request, BulkSerializer)
        identity, operation = self.identity(request), values["operation"]
        self.acted_verb = _VERBS[operation]
        require(identity, self.acted_verb)
        if ("ids" in values) == ("filter" in values):
            raise _invalid("ids", "give either ids or filter")
        if "cursor" in values and "filter" not in values:
            raise _invalid("cursor", "only with filter")
        if "ids" in values:
            ids, following = values["ids"], None
        else:
            ids, following = self._fitting(request, values)
        outcomes = (cancel_many if operation == "cancel" else rerun_many)(identity, ids)
        return Response({"results": [asdict(outcome) for outcome in outcomes], "next": following}, status=202)

    def _fitting(self, request: Request, values: JsonObject) -> tuple[Sequence[int], str | None]:
        rows: Any = Execution.objects.visible_to(self.identity(request))
        if values["operation"] == "cancel":
            rows = rows.live()
        rows = apply(FILTERS, values["filter"], rows, place="/filter")
        if "cursor" in values:
            rows = rows.filter(pk__lt=cursor_before(values["cursor"]))
        ids = list(rows.order_by("-pk").values_list("pk", flat=True)[: MAX_BULK + 1])
        return ids[:MAX_BULK], cursor_after(ids[MAX_BULK - 1]) if len(ids) > MAX_BULK else None


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid("The request is not valid.", errors=[FieldError(f"/{name}", "invalid", detail)])
