"""Keys over REST. A value comes in, and goes out by `reveal` alone."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.actions.services.key_owners import owner_of
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.keys import serializers
from apps.api.keys.represent import represent, represent_one
from apps.api.operations.represent import represent_operation
from apps.api.operations.serializers import OperationSerializer
from apps.api.views import ListView, View, sparse
from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.keys import refs
from apps.keys.models import Key
from apps.keys.owners import owner_of_key
from apps.keys.refs import KeyRef
from apps.keys.rotation import request_rotation
from apps.keys.services import UnknownKey, change_key, delete_key, find_key, reveal_key, set_key


class KeysView(ListView):
    verbs = {"GET": Verb.KEY_VIEW, "POST": Verb.KEY_MANAGE}
    shape = serializers.KeySerializer
    filters = (
        Filter(
            "owner",
            "system, pack or action",
            lambda rows, value: rows.filter(owner_type__in=value),
            filtering.one_of(*Key.OwnerType.values),
        ),
        Filter("owner_ref", "of a pack or an action", lambda rows, value: rows.filter(owner_ref=value)),
        Filter("name", "exactly", lambda rows, value: rows.filter(name=value)),
        Filter("q", "part of a name", lambda rows, value: rows.filter(name__icontains=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return Key.objects.visible_to(self.identity(request))

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return represent(rows)

    @extend_schema(responses=serializers.KeyPageSerializer, operation_id="keys_list")
    def get(self, request: Request) -> Response:
        """Keys, newest first, without their values."""
        return self.page(request)

    @extend_schema(request=serializers.NewKeySerializer, responses={201: serializers.WrittenKeySerializer})
    def post(self, request: Request) -> Response:
        """A new key of the system, of a pack or of an action. Its value is never shown in this or any list."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.NewKeySerializer)
        owner = owner_of(self.identity(request), _named(values))
        written = set_key(owner, values["name"], by=self.identity(request), must_be_new=True, **_fields(values))
        return Response({**represent_one(written.key), "warnings": written.warnings}, status=201)


class KeyView(View):
    verbs = {"GET": Verb.KEY_VIEW, "PUT": Verb.KEY_MANAGE, "PATCH": Verb.KEY_MANAGE, "DELETE": Verb.KEY_MANAGE}

    @extend_schema(responses=serializers.OneKeySerializer, operation_id="keys_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One key, by ref or id: whose it is, who wrote it when. Its value only where it is not encrypted."""
        self.only_parameters(request, "fields")
        return Response(sparse(request, represent_one(found(self, request, ref))))

    @extend_schema(
        request=serializers.KeyValueSerializer,
        responses={200: serializers.WrittenKeySerializer, 201: serializers.WrittenKeySerializer},
    )
    def put(self, request: Request, ref: str) -> Response:
        """Sets a key: makes it (201), or gives it a new value (200). The value before is erased.

        What is left out besides the value stays as it was.
        """
        self.only_parameters(request)
        values = self.read_body(request, serializers.KeyValueSerializer)
        wanted = refs.parse(ref)
        if wanted is None:
            raise UnknownKey("No key can have this ref.")
        if isinstance(wanted, int):
            owner, name = owner_of_key(key := found(self, request, ref)), key.name
        else:
            owner, name = owner_of(self.identity(request), wanted), wanted.name
        written = set_key(owner, name, by=self.identity(request), **_fields(values))
        body = {**represent_one(written.key), "warnings": written.warnings}
        return Response(body, status=201 if written.is_new else 200)

    @extend_schema(request=serializers.KeyChangeSerializer, responses=serializers.OneKeySerializer)
    def patch(self, request: Request, ref: str) -> Response:
        """Changes what is said about a key, and when it expires. Its value stays."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.KeyChangeSerializer)
        return Response(represent_one(change_key(found(self, request, ref), by=self.identity(request), **values)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, ref: str) -> Response:
        """Deletes a key with all its versions. Actions that name it get no such secret any more."""
        self.only_parameters(request)
        delete_key(found(self, request, ref), by=self.identity(request))
        return Response(status=204)


class RevealView(View):
    verbs = {"POST": Verb.KEY_REVEAL}
    #: The service does, in one transaction with the reading.
    records_itself = True

    @extend_schema(request=None, responses=serializers.RevealedKeySerializer)
    def post(self, request: Request, ref: str) -> Response:
        """Shows the value. Who asked for it is in the audit."""
        self.only_parameters(request)
        self.no_body(request)
        key = found(self, request, ref)
        value = reveal_key(key, by=self.identity(request))
        response = Response({"ref": key.ref, "version": key.version, "value": value})
        response["Cache-Control"] = "no-store"
        return response


class RotationView(View):
    verbs = {"POST": Verb.KEY_MANAGE}

    @extend_schema(request=None, responses={202: OperationSerializer})
    def post(self, request: Request) -> Response:
        """Seals everything with the first key of the keyring: keys, secret parameters, configurations of packs.

        Follow the operation to see how it ends. Asked for again after it was cut off, it goes on where it was.
        """
        self.only_parameters(request)
        self.no_body(request)
        return Response(represent_operation(request_rotation(self.identity(request))), status=202)


def found(view: View, request: Request, ref: str) -> Key:
    identity = view.identity(request)
    key = find_key(identity, ref, lambda named: owner_of(identity, named))
    view.acted_on = key.ref
    return key


def _named(values: JsonObject) -> KeyRef:
    """Whose the new key is to be."""
    if "pack" in values and "action" in values:
        raise Invalid(errors=[FieldError("/action", "contradiction", "either a pack or an action")])
    for kind in (Key.OwnerType.PACK, Key.OwnerType.ACTION):
        if kind.value in values:
            return KeyRef(kind, values[kind.value], values["name"])
    return KeyRef(Key.OwnerType.SYSTEM, "", values["name"])


def _fields(values: JsonObject) -> JsonObject:
    fields = {name: values[name] for name in ("value", "description", "expires_at") if name in values}
    return fields | ({"is_encrypted": values["encrypted"]} if "encrypted" in values else {})
