"""The console's site."""

from django.contrib.admin import AdminSite


class ConsoleSite(AdminSite):
    site_header = "Attune"
    site_title = "Attune"
    index_title = "Overview"
