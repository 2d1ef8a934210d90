"""The tests of a pack over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.operations.represent import represent_operation
from apps.api.operations.serializers import OperationSerializer
from apps.api.views import View
from apps.executions.pack_tests.operation import request_tests


class TestView(View):
    verbs = {"POST": Verb.PACK_MANAGE}
    __test__ = False

    @extend_schema(request=None, responses={202: OperationSerializer})
    def post(self, request: Request, ref: str) -> Response:
        """Runs the tests of a pack on a worker, in the pack's environments.

        The operation's outcome counts them; one that failed has the same as `report` in its error.
        """
        self.only_parameters(request)
        self.no_body(request)
        operation = request_tests(self.identity(request), ref)
        operation.refresh_from_db()
        return Response(represent_operation(operation), status=202)
