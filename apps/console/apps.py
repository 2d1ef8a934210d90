from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class ConsoleSiteConfig(SimpleAdminConfig):
    """Django's admin, served by the console's own site."""

    default_site = "apps.console.site.ConsoleSite"


class ConsoleConfig(AppConfig):
    """Its pages are registered by the site when they are first needed: roles that serve none start without them."""

    name = "apps.console"
