from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class ConsoleSiteConfig(SimpleAdminConfig):
    """Django's admin, served by the console's own site."""

    default_site = "apps.console.site.ConsoleSite"


class ConsoleConfig(AppConfig):
    name = "apps.console"

    def ready(self) -> None:
        from apps.console import admin  # noqa: F401 - registers the pages
