"""Settings of the portal, each from an environment variable with a default for the trial.

A wrong value stops the start with the variable's name and what it should look like.
`docs/settings.md` is the table of all of them.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from environs import Env, EnvError

from itsm.core.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)


def _fail(variable: str, problem: str, example: str) -> None:
    sys.exit(f"Setting {variable} is wrong: {problem}\n  For example: {variable}={example}")


def _read(kind: str, variable: str, default: Any, example: str) -> Any:
    """`env.<kind>` with an error that names the variable and shows a good value."""
    try:
        return getattr(env, kind)(variable, default)
    except (EnvError, ValueError) as error:
        _fail(variable, str(error), example)


DATA_DIR = Path(_read("str", "DATA_DIR", str(BASE_DIR / "var"), "/srv/itsm/data")).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """From SECRET_KEY, else generated once into the data folder, readable by its owner only."""
    if given := env.str("SECRET_KEY", ""):
        if len(given) < 32:
            _fail("SECRET_KEY", "it is shorter than 32 characters", secrets.token_urlsafe(48))
        return given
    path = DATA_DIR / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = _read("list", "SECRET_KEY_FALLBACKS", [], "old-key-1,old-key-2")
DEBUG = _read("bool", "DEBUG", False, "false")
ALLOWED_HOSTS = _read("list", "ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"], "itsm.example")
CSRF_TRUSTED_ORIGINS = _read("list", "CSRF_TRUSTED_ORIGINS", [], "https://itsm.example")
BASE_URL = _read("str", "BASE_URL", "http://127.0.0.1:8000", "https://itsm.example").rstrip("/")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "itsm.core.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "import_export",
    "simple_history",
    "allauth",
    "allauth.account",
    "axes",
    "csp",
    "itsm.core",
    "itsm.people",
    "itsm.catalog",
    "itsm.timers",
    "itsm.outbox",
    "itsm.audit",
    "itsm.portal",
    "itsm.tickets",
    "incidents",
    "itsm.demo",
]

MIDDLEWARE = [
    "itsm.core.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "itsm.core.middleware.MachineDoor",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "itsm.core.middleware.AdminContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "itsm.core.middleware.ActingUser",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "itsm.core.middleware.DomainErrors",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "itsm.urls"
WSGI_APPLICATION = "itsm.wsgi.application"
ASGI_APPLICATION = "itsm.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "itsm.portal.context.shell",
            ],
        },
    },
]

# Database. SQLite for the trial: WAL, a busy timeout, and IMMEDIATE transactions, so that two
# writers queue instead of failing; recursive_triggers lets the append-only guards see REPLACE.
try:
    _database = env.dj_db_url(
        "DATABASE_URL", f"sqlite:///{DATA_DIR / 'itsm.sqlite3'}", conn_max_age=600
    )
except (EnvError, ValueError) as error:
    _fail("DATABASE_URL", str(error), "postgres://itsm:password@db.example/itsm")
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=1; "
            "PRAGMA cache_size=-32000;"
        ),
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Jobs. Rows are the truth and the broker carries nudges: nothing is lost with it.
CELERY_BROKER_URL = _read(
    "str", "CELERY_BROKER_URL", "redis://127.0.0.1:6379/0", "amqp://itsm:password@mq.example/"
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"socket_connect_timeout": 2, "socket_timeout": 5}
    if CELERY_BROKER_URL.startswith("redis")
    else {}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
SWEEP_SECONDS = _read("float", "SWEEP_SECONDS", 2.0, "2")
TIMER_GRACE_SECONDS = _read("int", "TIMER_GRACE_SECONDS", 60, "60")
CELERY_BEAT_SCHEDULE = {
    "timers.sweep": {
        "task": "timers.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS * 5},
    },
    "outbox.deliver": {
        "task": "outbox.deliver",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS * 5},
    },
    "timers.watch": {"task": "timers.watch", "schedule": 60.0, "options": {"expires": 60}},
}

# Cache: rate limits and short-lived lists. Shared between processes when CACHE_URL names a Redis.
CACHES = {"default": env.dj_cache_url("CACHE_URL", "locmem://")}

# People and sign-in
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "itsm.people.backends.PersonBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 12}  # type: ignore[assignment]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:home"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "itsm.people.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip"}
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = _read("int", "SIGN_IN_FAILURES", 5, "5")
AXES_COOLOFF_TIME = 0.25
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "itsm.people.lockout.answer"
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "itsm.people.lockout.name_of"
AXES_CLIENT_IP_CALLABLE = "itsm.core.middleware.client_address"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
SESSION_COOKIE_AGE = 12 * 3600
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Transport security: on wherever the portal is reached by https.
_HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_HTTPONLY = True
if _proxy := _read("str", "TRUSTED_PROXY_HEADER", "", "X-Forwarded-Proto"):
    SECURE_PROXY_SSL_HEADER = (f"HTTP_{_proxy.upper().replace('-', '_')}", "https")
#: How many proxies in front add to X-Forwarded-For; 0: the header is not believed.
TRUSTED_PROXIES = _read("int", "TRUSTED_PROXIES", 0, "1")

_STRICT: dict[str, list[str]] = {
    "default-src": [SELF],
    "img-src": [SELF, "data:"],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
CONTENT_SECURITY_POLICY = {"DIRECTIVES": _STRICT}
#: The admin theme needs these; `itsm.core.middleware` applies them below /admin/ only.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
}

# Language and time: instants are UTC; pages show the reader's zone.
LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = ["itsm.core.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

# Files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = DATA_DIR / "media"
EVIDENCE_MAX_BYTES = _read("int", "EVIDENCE_MAX_BYTES", 25 * 2**20, str(25 * 2**20))
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
INTAKE_MAX_BYTES = 2**20
#: Where machines bring a key of their own: `itsm.core.middleware` takes them straight to the view.
MACHINE_DOORS = ("/api/v1/alerts/", "/api/alerts/")

# E-mail. Until EMAIL_URL names a server, messages of the outbox appear in the log instead.
MESSAGE_CHANNEL = "email" if env.str("EMAIL_URL", "") else "console"
_email = env.dj_email_url("EMAIL_URL", "console:")
_speaks_smtp = _email.get("EMAIL_BACKEND", "smtp").rpartition(".")[0].endswith("smtp")
if "EMAIL_BACKEND" not in _email or (_speaks_smtp and not _email["EMAIL_HOST"]):
    _fail("EMAIL_URL", "it names no mail server", "smtp://user:password@mail.example:587/?tls=true")
vars().update(_email)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _read(
    "str", "MAIL_FROM", "ITSM Portal <itsm@localhost>", "ITSM Portal <itsm@itsm.example>"
)
EMAIL_TIMEOUT = 10

LOGGING = logging_config(
    as_json=_read("bool", "LOG_JSON", True, "true"), level=_read("str", "LOG_LEVEL", "INFO", "INFO")
)
LOGGING_CONFIG = "itsm.core.logs.configure"

SIMPLE_HISTORY_HISTORY_ID_USE_UUID = False
UNFOLD = {
    "SITE_TITLE": "ITSM Portal admin",
    "SITE_HEADER": "ITSM Portal",
    "SITE_SUBHEADER": "Admin",
    "SITE_URL": "/",
    "SITE_SYMBOL": "shield_person",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "STYLES": ["itsm.core.admin.site.stylesheet"],
    "ENVIRONMENT": "itsm.core.admin.site.environment",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "itsm.core.admin.site.sidebar",
    },
    "BORDER_RADIUS": "6px",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "itsm.core.admin.site.favicon"}
    ],
    # The portal's accent: 600 fills buttons, 500 is text on dark surfaces.
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .012 212)",
            "100": "oklch(94.5% .025 212)",
            "200": "oklch(89% .045 212)",
            "300": "oklch(82% .07 212)",
            "400": "oklch(76% .09 212)",
            "500": "oklch(74% .095 212)",
            "600": "oklch(45% .08 215)",
            "700": "oklch(39% .07 217)",
            "800": "oklch(33% .06 218)",
            "900": "oklch(28% .05 219)",
            "950": "oklch(21% .04 220)",
        }
    },
}
