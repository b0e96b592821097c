"""What an installation decides about its own work and where its parts live."""

import tomllib
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

from . import env

BASE_DIR = env.BASE_DIR
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "var")
MEDIA_ROOT = env.folder("MEDIA_ROOT", DATA_DIR / "media")

# What runs here, for the log of errors, the numbers and the state: the version, unless whoever
# builds names it more exactly.
with (BASE_DIR / "pyproject.toml").open("rb") as _file:
    VERSION: str = tomllib.load(_file)["project"]["version"]
BUILD = env.text("BUILD") or VERSION

# --- the workshop ---------------------------------------------------------------------------
WORKSHOP_NAME = env.text("WORKSHOP_NAME", "Repassage")
WORKSHOP_TIME_ZONE = env.text("WORKSHOP_TIME_ZONE", "Europe/Moscow")
WORKSHOP_DEADLINE_TIME = env.clock_time("WORKSHOP_DEADLINE_TIME", "18:00")
WORKSHOP_DEADLINE_DEFAULT_DAYS = env.whole("WORKSHOP_DEADLINE_DEFAULT_DAYS", 5, maximum=365)
WORKSHOP_SELF_SERVICE = env.flag("WORKSHOP_SELF_SERVICE", False)
# Whose public holidays the work calendar keeps (two letters); NONE for a workshop without.
WORKSHOP_HOLIDAYS = env.text("WORKSHOP_HOLIDAYS", "RU")
# So many days without any event make an unfinished receipt a forgotten one (risk focus).
RISK_STALE_DAYS = env.whole("RISK_STALE_DAYS", 7, minimum=1, maximum=365)
QC_SEPARATION = env.choice("QC_SEPARATION", ("warn", "block", "off"), "warn")

try:
    ZoneInfo(WORKSHOP_TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError) as error:
    raise ImproperlyConfigured(
        "WORKSHOP_TIME_ZONE is no known time zone. Set a name such as Europe/Moscow."
    ) from error

# --- backups --------------------------------------------------------------------------------
BACKUP_DIR = env.folder("BACKUP_DIR", DATA_DIR / "backups")
BACKUP_KEEP_DAYS = env.whole("BACKUP_KEEP_DAYS", 7, minimum=1, maximum=3_650)
BACKUP_KEEP_WEEKS = env.whole("BACKUP_KEEP_WEEKS", 4, maximum=520)
BACKUP_KEEP_MONTHS = env.whole("BACKUP_KEEP_MONTHS", 12, maximum=120)
# Keys of age: the public one encrypts each backup, the secret one brings it back.
BACKUP_RECIPIENT = env.text("BACKUP_RECIPIENT")
BACKUP_IDENTITY = env.text("BACKUP_IDENTITY")

# --- where it listens -----------------------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole("PORT", 8000, minimum=1, maximum=65534)
# Processes of the web server: read by its own configuration, checked here with all the others.
WEB_WORKERS = env.whole("WEB_WORKERS", 2, minimum=1, maximum=256)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://{HOST}:{PORT}").rstrip("/")

# --- demonstration --------------------------------------------------------------------------
# Off unless somebody asks: a variable that was forgotten must never bring demo data into a
# real workshop. `make run` asks for it.
DEMO = env.flag("DEMO", False)

# --- Telegram -------------------------------------------------------------------------------
TELEGRAM_BOT_TOKEN = env.text("TELEGRAM_BOT_TOKEN")
# For links that open the bot. Empty: the running bot tells the office its name.
TELEGRAM_BOT_USERNAME = env.text("TELEGRAM_BOT_USERNAME").removeprefix("@")
# Set by the supervisor when it starts the simulator; never set in production.
SIMULATOR_URL = env.text("SIMULATOR_URL").rstrip("/")
SIMULATOR_TOKEN = "1000000001:demonstration-only-not-a-secret-0001"  # noqa: S105
_SIMULATED = bool(SIMULATOR_URL) and not TELEGRAM_BOT_TOKEN
# Where links to the bot lead in a demonstration, instead of to t.me.
BOT_PAGE = f"{SIMULATOR_URL}/" if _SIMULATED else ""
# Empty = Telegram's own servers.
TELEGRAM_API_BASE_URL = env.text(
    "TELEGRAM_API_BASE_URL", f"{SIMULATOR_URL}/bot" if _SIMULATED else ""
)
TELEGRAM_FILE_BASE_URL = env.text(
    "TELEGRAM_FILE_BASE_URL", f"{SIMULATOR_URL}/file/bot" if _SIMULATED else ""
)
# For `runbot --webhook`: the public address, what Telegram proves itself with, where we listen.
TELEGRAM_WEBHOOK_URL = env.text("TELEGRAM_WEBHOOK_URL")
TELEGRAM_WEBHOOK_SECRET = env.text("TELEGRAM_WEBHOOK_SECRET")
TELEGRAM_WEBHOOK_PORT = env.whole("TELEGRAM_WEBHOOK_PORT", 8443, minimum=1, maximum=65535)
# The token the bot process works with: the real one, or the simulator's in a demonstration.
BOT_TOKEN = TELEGRAM_BOT_TOKEN or (SIMULATOR_TOKEN if _SIMULATED else "")
