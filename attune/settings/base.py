"""What every way of running Attune has in common. Nothing here reads a file or opens a connection."""

from django.core.exceptions import ImproperlyConfigured

from attune.settings import env

BASE_DIR = env.BASE_DIR
SECRET_KEY = env.text("ATTUNE_SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.items("ATTUNE_ALLOWED_HOSTS")

INSTALLED_APPS = [
    # Templates are looked for in this order: the console's before those of the theme, these before Django's.
    "apps.console.apps.ConsoleConfig",
    "unfold.apps.BasicAppConfig",
    "apps.console.apps.ConsoleSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_results",
    "apps.core",
    "apps.accounts",
    "apps.audit",
    "apps.operations",
    "apps.keys",
    "apps.runtimes",
    "apps.packs",
    "apps.actions",
    "apps.workers",
    "apps.executions",
    "apps.triggers",
    "apps.rules",
    "apps.api",
    "attune",
]

MIDDLEWARE = [
    "apps.core.metrics.http.RequestMetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.request_id.RequestIdMiddleware",
    "apps.core.client_address.ClientAddressMiddleware",
    "apps.core.request_trace.RequestTraceMiddleware",
    "apps.core.content_security.ContentSecurityMiddleware",
    "apps.core.cors.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "attune.urls"
APPEND_SLASH = False
ASGI_APPLICATION = "attune.asgi.application"
WSGI_APPLICATION = "attune.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- data ---------------------------------------------------------------------------------------
DATABASES = {"default": env.database(env.text("DATABASE_URL") or "postgresql:///attune")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL") or "redis://127.0.0.1:6379/0"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

STATIC_URL = "/static/"
#: Whitenoise serves from the installed packages, so no collectstatic step stands between clone and start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.path("ATTUNE_ARTIFACTS_DIR"),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- identities ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Identity"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.SessionBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
SESSION_ENGINE = "apps.accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = env.integer("ATTUNE_SESSION_AGE_S")
ATTUNE_SESSION_IDLE_S = env.integer("ATTUNE_SESSION_IDLE_S")
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "apps.console.failures.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- console ------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Attune",
    "SITE_HEADER": "Attune",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
}

# --- REST ---------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = env.integer("ATTUNE_MAX_BODY_BYTES")
#: Each looked at before Django sees the request (see `apps.core.body_limit`).
ATTUNE_MAX_BODY_BYTES = env.integer("ATTUNE_MAX_BODY_BYTES")
ATTUNE_MAX_ADDRESS_BYTES = env.integer("ATTUNE_MAX_ADDRESS_BYTES")
ATTUNE_MAX_HEADER_BYTES = env.integer("ATTUNE_MAX_HEADER_BYTES")
ATTUNE_CORS_ORIGINS = frozenset(env.items("ATTUNE_CORS_ORIGINS"))
ATTUNE_MAX_UPLOAD_BYTES = env.integer("ATTUNE_MAX_UPLOAD_BYTES")
#: Where archives of packs may be sent to.
ATTUNE_UPLOAD_PATHS = ("/api/v1/packs/upload", "/admin/packs/install/")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.TokenAuthentication",
        "apps.accounts.authentication.ConsoleSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.api.permissions.VerbPermission"],
    "DEFAULT_RENDERER_CLASSES": ["apps.api.rendering.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.api.parsing.StrictJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "apps.api.openapi.AttuneSchema",
    "EXCEPTION_HANDLER": "apps.core.problem.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Attune",
    "DESCRIPTION": "When this happens, and these conditions hold, run that.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Several things have a kind; who generates a client needs names that stay.
    "ENUM_NAME_OVERRIDES": {"RuleKindEnum": "apps.rules.models.rule.Rule.Kind"},
}

# --- messages (hints) ---------------------------------------------------------------------------
CELERY_BROKER_URL = env.broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "visibility_timeout": 24 * 3600,
    # Hints have no priorities: one list to look at per queue instead of four.
    "priority_steps": [0],
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXPIRES = 7 * 24 * 3600
CELERY_TASK_IGNORE_RESULT = True
#: A task that fails is a bug somebody should see in the console.
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = True
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
# Nobody commands workers by messages: anything that reaches Redis could.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"

# --- Attune -------------------------------------------------------------------------------------
ATTUNE_ENCRYPTION_KEYS = env.text("ATTUNE_ENCRYPTION_KEYS")
ATTUNE_BASE_URL = env.text("ATTUNE_BASE_URL").rstrip("/")
ATTUNE_PACKS_DIR = env.path("ATTUNE_PACKS_DIR")
ATTUNE_RUNTIME_ENVS_DIR = env.path("ATTUNE_RUNTIME_ENVS_DIR")
ATTUNE_ARTIFACTS_DIR = env.path("ATTUNE_ARTIFACTS_DIR")
ATTUNE_WORK_DIR = env.path("ATTUNE_WORK_DIR")
ATTUNE_WORKER_NAME = env.text("ATTUNE_WORKER_NAME")
ATTUNE_WORKER_SLOTS = env.integer("ATTUNE_WORKER_SLOTS")
ATTUNE_WORKER_LABELS = env.items("ATTUNE_WORKER_LABELS")
ATTUNE_WORKER_RUNTIMES = env.items("ATTUNE_WORKER_RUNTIMES")
ATTUNE_POOL = env.text("ATTUNE_POOL")
ATTUNE_HEARTBEAT_S = env.number("ATTUNE_HEARTBEAT_S")
ATTUNE_LOST_AFTER_S = env.number("ATTUNE_LOST_AFTER_S")
if ATTUNE_LOST_AFTER_S < 3 * ATTUNE_HEARTBEAT_S:
    raise ImproperlyConfigured("ATTUNE_LOST_AFTER_S must be at least three times ATTUNE_HEARTBEAT_S")
ATTUNE_DRAIN_S = env.number("ATTUNE_DRAIN_S")
ATTUNE_TASK_TIMEOUT_S = env.number("ATTUNE_TASK_TIMEOUT_S")
ATTUNE_BUILD_TIMEOUT_S = env.number("ATTUNE_BUILD_TIMEOUT_S")
ATTUNE_BUILD_MAX_BYTES = env.integer("ATTUNE_BUILD_MAX_BYTES")
ATTUNE_LOG_HEAD_BYTES = env.integer("ATTUNE_LOG_HEAD_BYTES")
ATTUNE_LOG_TAIL_BYTES = env.integer("ATTUNE_LOG_TAIL_BYTES")
ATTUNE_LOG_TOTAL_BYTES = env.integer("ATTUNE_LOG_TOTAL_BYTES")
ATTUNE_RETENTION_EXECUTIONS = env.days("ATTUNE_RETENTION_EXECUTIONS_DAYS")
ATTUNE_RETENTION_EVENTS = env.days("ATTUNE_RETENTION_EVENTS_DAYS")
ATTUNE_RETENTION_AUDIT = env.days("ATTUNE_RETENTION_AUDIT_DAYS")
ATTUNE_RETENTION_LOGS = env.days("ATTUNE_RETENTION_LOGS_DAYS")
ATTUNE_RETENTION_ARTIFACTS = env.days("ATTUNE_RETENTION_ARTIFACTS_DAYS")
ATTUNE_RETENTION_DELIVERIES = env.days("ATTUNE_RETENTION_DELIVERIES_DAYS")
ATTUNE_RETENTION_OPERATIONS = env.days("ATTUNE_RETENTION_OPERATIONS_DAYS")
ATTUNE_RETENTION_IDEMPOTENCY_KEYS = env.days("ATTUNE_RETENTION_IDEMPOTENCY_KEYS_DAYS")
ATTUNE_RETENTION_WORKERS = env.days("ATTUNE_RETENTION_WORKERS_DAYS")
ATTUNE_RETENTION_PACK_VERSIONS = env.integer("ATTUNE_RETENTION_PACK_VERSIONS")
ATTUNE_DISK_FLOOR_MB = env.integer("ATTUNE_DISK_FLOOR_MB")
ATTUNE_WARM = env.choice("ATTUNE_WARM", "auto", "off")
ATTUNE_WARM_IDLE_S = env.number("ATTUNE_WARM_IDLE_S")
ATTUNE_WARM_SERVERS = env.integer("ATTUNE_WARM_SERVERS")
ATTUNE_PASS_ENV = env.items("ATTUNE_PASS_ENV")
ATTUNE_RUN_AS = env.items("ATTUNE_RUN_AS")
ATTUNE_CLOSED_PATHS = env.closed_paths()
ATTUNE_PACKAGE_INDEX_URL = env.text("ATTUNE_PACKAGE_INDEX_URL")
ATTUNE_PACK_INDEX_URL = env.text("ATTUNE_PACK_INDEX_URL")
ATTUNE_FETCH_ALLOW = env.items("ATTUNE_FETCH_ALLOW")
ATTUNE_GIT_PROTOCOLS = env.items("ATTUNE_GIT_PROTOCOLS")
if unknown_protocols := sorted(set(ATTUNE_GIT_PROTOCOLS) - {"https", "ssh", "file"}):
    raise ImproperlyConfigured(f"ATTUNE_GIT_PROTOCOLS: {', '.join(unknown_protocols)} is none of https, ssh, file")
ATTUNE_METRICS_TOKEN = env.text("ATTUNE_METRICS_TOKEN")
#: Behind a proxy on the same machine everybody's requests come from there.
ATTUNE_METRICS_OPEN_TO_LOOPBACK = False
ATTUNE_OTLP_ENDPOINT = env.text("ATTUNE_OTLP_ENDPOINT")
ATTUNE_ALIVE_PATH = env.text("ATTUNE_ALIVE_PATH")
ATTUNE_LOG_FORMAT = env.choice("ATTUNE_LOG_FORMAT", "text", "json")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "apps.core.logs.LineFormatter"},
        "json": {"()": "apps.core.logs.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": ATTUNE_LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # A traceback for every scanner that comes by; the answer says it, and the metrics count it.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        # The server has set up a form of its own by now.
        "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
        "uvicorn.error": {"handlers": [], "propagate": True},
    },
}
