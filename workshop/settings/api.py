"""The API: how it reads and writes, who may use it, how often, and its description."""

from . import env

# What hashes the secrets of API keys; empty: SECRET_KEY and its fallbacks.
API_KEY_PEPPER = env.text("API_KEY_PEPPER")
API_KEY_PEPPER_FALLBACKS = env.names("API_KEY_PEPPER_FALLBACKS")
# What encrypts the secrets of webhooks; empty: SECRET_KEY and its fallbacks.
WEBHOOK_SECRET_KEY = env.text("WEBHOOK_SECRET_KEY")
WEBHOOK_SECRET_KEY_FALLBACKS = env.names("WEBHOOK_SECRET_KEY_FALLBACKS")
# Requests a minute: of one client, of one client for the numbers, of one address.
API_RATE = env.whole("API_RATE", 60, minimum=1, maximum=1_000_000)
API_ANALYTICS_RATE = env.whole("API_ANALYTICS_RATE", 10, minimum=1, maximum=1_000_000)
API_ADDRESS_RATE = env.whole("API_ADDRESS_RATE", 600, minimum=1, maximum=10_000_000)
API_COUNTER = "integrations.limits.counter"

# --- webhooks: where they may go (integrations.webhooks.addresses) ---------------------------
# Networks of our own whose receivers may be called though they are not in the internet.
WEBHOOK_ALLOWED_NETWORKS = env.names("WEBHOOK_ALLOWED_NETWORKS")
WEBHOOK_ALLOW_HTTP = env.flag("WEBHOOK_ALLOW_HTTP", False)

# Who may ask for numbers: also those who signed up for them, with name and password.
API_ANALYTICS_AUTHENTICATION = [
    "integrations.authentication.KeyAuthentication",
    "integrations.authentication.OfficeAuthentication",
    "integrations.authentication.ReaderAuthentication",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "integrations.authentication.KeyAuthentication",
        "integrations.authentication.OfficeAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["workshop.lib.api.permissions.NeedsScope"],
    "DEFAULT_RENDERER_CLASSES": ["workshop.lib.api.formats.JsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "workshop.lib.api.formats.Negotiation",
    "DEFAULT_PARSER_CLASSES": ["workshop.lib.api.formats.JsonParser"],
    # ?format= is ours: a list as a file.
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "workshop.lib.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "workshop.lib.api.schema.WorkshopSchema",
    "COERCE_DECIMAL_TO_STRING": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Repassage",
    "DESCRIPTION": (
        "Receipts of a watch-repair workshop: what was done to each watch, by whom, when and why. "
        "docs/api.md is the guide."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["workshop.lib.api.permissions.Anybody"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": True,
    # Fields of one name with several sets of values, or one set under several names.
    "ENUM_NAME_OVERRIDES": {
        "PhotoStageEnum": "receipts.models.Photo.Stage",
        "ReadingStageEnum": "receipts.models.Reading.Stage",
        "JobOutcomeEnum": "history.models.Job.OUTCOMES",
        "MetricUnitEnum": "analytics.monitoring.catalogue.Unit",
        "UnitEnum": "receipts.models.ServiceLimit.Unit",
        "DataJobStateEnum": "integrations.models.DataJob.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "workshop.lib.api.schema.closed",
    ],
    "SORT_OPERATIONS": True,
    # The committed description must not depend on the language of who makes it.
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- pages of other sites -------------------------------------------------------------------
CORS_ALLOWED_ORIGINS = env.names("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
# Keys travel in a header; cookies of the office never leave its own pages.
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-api-key",
)
CORS_EXPOSE_HEADERS = (
    "ETag",
    "Idempotent-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
CORS_ALLOW_METHODS = ("GET", "HEAD", "OPTIONS", "POST")
