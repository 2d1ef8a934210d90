"""Addresses of the web role."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.api.health.views import healthz, readyz
from apps.console import away
from apps.core import problem
from apps.monitoring.views import metrics

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("admin", RedirectView.as_view(url="/admin/", query_string=True)),
    path("admin/", admin.site.urls),
    path("api/v1/", include("apps.api.urls")),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]

handler400 = problem.bad_request
handler403 = problem.permission_denied
handler404 = problem.not_found
handler500 = away.failed_request
