"""What the tables have in common."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # the theme has no types
    """Services own all tables; here nobody changes one, so there is nothing for the audit. Lists page without counting,
    so that a million rows cost what fifty do."""

    show_full_result_count = False
    list_per_page = 50
    actions = None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; the whole one when it is to be narrowed by a NUL, which no column can hold."""
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            return HttpResponseRedirect(request.path)
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Django's own lets whoever is a superuser see everything."""
        return bool(self.admin_site.shows_tables(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
