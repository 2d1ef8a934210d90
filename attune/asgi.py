"""The web role: `uvicorn attune.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attune.settings.production")

django_application = get_asgi_application()

from apps.core.body_limit import BodyLimit  # noqa: E402 - settings must be ready first

application = BodyLimit(django_application)  # type: ignore[arg-type]  # ASGI messages are mappings to Django
