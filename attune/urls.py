"""Addresses of the web role."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.api.health.views import healthz, readyz
from apps.console import failures
from apps.monitoring.views import metrics

urlpatterns = [
    path("api/v1/", include("apps.api.urls")),
    path("", RedirectView.as_view(url="/admin/")),
    path("admin", RedirectView.as_view(url="/admin/", query_string=True)),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]

handler400 = failures.bad_request
handler403 = failures.permission_denied
handler404 = failures.not_found
handler500 = failures.server_error
