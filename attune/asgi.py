"""The web role: `uvicorn attune.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attune.settings.production")

django.setup(set_prefix=False)

from apps.api.proof import may_upload  # noqa: E402 - settings must be ready first
from apps.core.asgi_handler import PooledHandler  # noqa: E402 - as above
from apps.core.body_limit import BodyLimit  # noqa: E402 - as above
from apps.core.lifespan import Lifespan  # noqa: E402 - as above
from apps.keys.starting import refuse_wrong_start  # noqa: E402 - as above

_handler = BodyLimit(PooledHandler(), may_upload=may_upload)
application = Lifespan(_handler, before=refuse_wrong_start)
