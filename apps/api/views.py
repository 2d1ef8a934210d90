"""What the views of all resources share."""

from collections.abc import Container, Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb
from apps.api.filtering import Filter, filtered, parameter_errors
from apps.api.negotiation import OneFormat
from apps.api.pagination import Order, read_page
from apps.api.permissions import verb_of
from apps.api.serializers import StrictSerializer
from apps.audit.boundary import SAFE, record_request
from apps.core.errors import FieldError, Invalid, NotFound
from apps.core.types import JsonObject

_LONGEST_FACT = 500


class View(APIView):
    """A map from methods to verbs and services. `verbs` is what a method needs; what changes things is recorded."""

    verbs: ClassVar[dict[str, Verb]] = {}
    #: Methods whose callers are no identities: they prove themselves to the service. They have no verb and no record.
    open_methods: ClassVar[frozenset[str]] = frozenset()
    #: Done deeds are recorded by the service, or by whom it tells.
    records_itself: ClassVar[bool] = False
    content_negotiation_class = OneFormat
    #: Who is known to ask; an unknown one leaves no audit record, or anybody could fill that table.
    actor: Identity | None = None
    #: The ref of what is changed, where the address or the answer does not have it.
    acted_on = ""
    #: The verb of a deed that only the body names; else the method's is recorded.
    acted_verb: Verb | None = None

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self._is_open() else super().get_authenticators()

    def get_permissions(self) -> Sequence[Any]:
        return [] if self._is_open() else super().get_permissions()

    def _is_open(self) -> bool:
        request = getattr(self, "request", None)  # there is none while the document of the API is made
        return request is not None and request.method in self.open_methods

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        self.actor = request.user if isinstance(request.user, Identity) else None

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        verb = None if request.method in SAFE else verb_of(self, request.method or "")
        if self.actor is not None and verb is not None and not (self.records_itself and response.status_code < 400):
            on, facts = _audited(request, response, self.kwargs)
            deed, status = self.acted_verb or verb, response.status_code
            record_request(deed, by=self.actor, on=self.acted_on or on, status=status, facts=facts)
        return super().finalize_response(request, response, *args, **kwargs)

    def identity(self, request: Request) -> Identity:
        assert isinstance(request.user, Identity)
        return request.user

    def read_body(self, request: Request, serializer_class: type[Any]) -> JsonObject:
        """The request's body through a `StrictSerializer`."""
        serializer = serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        values: JsonObject = serializer.validated_data
        return values

    def no_body(self, request: Request) -> None:
        """Raises for a body with anything in it."""
        self.read_body(request, StrictSerializer)

    def only_parameters(self, request: Request, *known: str) -> None:
        """Raises `Invalid` for a query parameter this view does not know, or that is given twice."""
        if errors := parameter_errors(request.query_params, known):
            raise Invalid("The query is not valid.", errors=errors)


def _audited(request: Request, response: Response, kwargs: Mapping[str, Any]) -> tuple[str, JsonObject]:
    """What a request was about, by its address or else by its answer; and facts that hold nothing of its body."""
    told = response.data if isinstance(getattr(response, "data", None), dict) else {}
    named = [str(told[key]) for key in ("ref", "id", "name") if key in told][:1]
    names = [str(value) for value in kwargs.values()] or named
    facts: JsonObject = {"request": f"{request.method} {request.path}"[:_LONGEST_FACT]}
    if response.status_code >= 400 and "code" in told:
        facts["code"] = told["code"]
    elif "action" in told and isinstance(told["action"], str):
        facts["action"] = told["action"]
    return "/".join(names), facts


class ListView(View):
    """`page` is a page of `queryset_for(request)`, narrowed by `filters`, as `represent(read(rows))`.

    `shape` names the fields of a row, for `?fields=`.
    """

    is_list = True
    shape: ClassVar[type[Serializer[Any]]]
    filters: ClassVar[Sequence[Filter]] = ()
    order: ClassVar[Order] = Order()

    def queryset_for(self, request: Request) -> Any:
        raise NotImplementedError

    def read(self, rows: Any) -> list[Any]:
        """The rows of a page, from a queryset that picks and orders them."""
        return list(rows)

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        raise NotImplementedError

    def page(self, request: Request) -> Response:
        queryset = filtered(request, self.queryset_for(request), self.filters)
        rows, following = read_page(request, queryset, self.read, order=self.order)
        results = sparse_all(request, self.represent(request, rows), shape=self.shape)
        return Response({"results": results, "next": following})


def sparse(request: Request, item: JsonObject) -> JsonObject:
    """`item` reduced to `?fields=a,b`. Raises `Invalid` naming a field that does not exist."""
    wanted = _wanted_fields(request, known=item)
    return item if wanted is None else {name: item[name] for name in wanted}


def sparse_all(request: Request, items: list[JsonObject], *, shape: type[Serializer[Any]]) -> list[JsonObject]:
    """Each of `items` reduced to `?fields=a,b`; where there are none, a field that does not exist is an error too."""
    if "fields" not in request.query_params:  # to make those of a shape takes longer than to write a row
        return items
    wanted = _wanted_fields(request, known=shape().fields) or []
    return [{name: item[name] for name in wanted if name in item} for item in items]


def _wanted_fields(request: Request, *, known: Container[str]) -> list[str] | None:
    text = request.query_params.get("fields")
    if text is None:
        return None
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in known]:
        detail = f"{', '.join(unknown)} is no field here"
        raise Invalid("The query is not valid.", errors=[FieldError("/fields", "unknown_field", detail)])
    return wanted


def path_id(text: str) -> int:
    """The id in a path. Raises `NotFound` for one no row can have."""
    if not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) >= 2**63:
        raise NotFound
    return int(text)


def is_true(request: HttpRequest | Request, name: str) -> bool:
    """Whether `?name=true`. Raises `Invalid` for anything but true and false."""
    value = request.GET.get(name, "false")
    if value not in ("true", "false"):
        raise Invalid("The query is not valid.", errors=[FieldError(f"/{name}", "wrong_type", "true or false")])
    return value == "true"
