"""Tells the OpenAPI document what views say of themselves: verbs, filters, pages."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from apps.api.permissions import verb_of


class AttuneSchema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        if self.method != "GET" or not getattr(self.view, "is_list", False):
            return list(getattr(self.view, "query_parameters", ()))
        described = [
            OpenApiParameter(item.name, OpenApiTypes.STR, description=item.help, many=item.may_repeat)
            for item in getattr(self.view, "filters", ())
        ]
        return [
            *described,
            OpenApiParameter("limit", OpenApiTypes.INT, description="rows a page, 1 to 500"),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="`next` of the page before"),
            OpenApiParameter("fields", OpenApiTypes.STR, description="only these fields, separated by commas"),
        ]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it, not as DRF
        text: str = super().get_description()
        verb: Any = verb_of(self.view, self.method)
        return f"{text}\n\nNeeds the verb `{verb.value}`." if verb else text

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]
