"""For operators who serve the REST API under a WSGI server; streams need attune.asgi."""

import os

from django.core.wsgi import get_wsgi_application

from apps.core import database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attune.settings.production")

database.limit_waits(statement_s=database.REQUEST_STATEMENT_S)
application = get_wsgi_application()
