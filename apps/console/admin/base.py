"""What the tables have in common."""

from typing import Any, cast

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin

from apps.accounts.models import Identity
from apps.audit.services import record


class TableAdmin(ModelAdmin):  # type: ignore[misc]  # the theme has no types
    """Whatever can be changed here leaves an audit record, as elsewhere."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return _recorded(super().log_addition(request, obj, message), request, obj, "add")

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return _recorded(super().log_change(request, obj, message), request, obj, "change")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; the whole one when it is to be narrowed by a NUL, which no column can hold."""
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            return HttpResponseRedirect(request.path)
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer


def _recorded(entry: Any, request: HttpRequest, obj: Model, deed: str) -> Any:
    """Django's own entry, which names the fields and not their values, as it is."""
    identity = cast(Identity, request.user)
    record(f"{obj._meta.model_name}.{deed}", by=identity, on=str(obj), facts={"request": f"POST {request.path}"})
    return entry


class ReadOnlyAdmin(TableAdmin):
    """For tables that services own. Lists page without counting, so that a million rows cost what fifty do."""

    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
