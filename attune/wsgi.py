"""For operators who serve the REST API under a WSGI server; streams need attune.asgi."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attune.settings.production")

application = get_wsgi_application()
