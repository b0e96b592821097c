"""Settings of the installed product; docs/configuration.md lists every value.

Safe for production by itself: what would be dangerous (guards.py) stops the start with the name
of the variable and the cure.
"""

import os

from .api import *  # noqa: F403
from .base import *  # noqa: F403
from .database import *  # noqa: F403
from .guards import refuse_unsafe
from .logs import *  # noqa: F403
from .mail import *  # noqa: F403
from .metrics import *  # noqa: F403
from .office import *  # noqa: F403
from .reporting import *  # noqa: F403
from .security import *  # noqa: F403
from .workshop import *  # noqa: F403

# Python runs this module too when Django was told to use another one inside this package
# (the tests' own settings); only settings that are really used are judged.
if os.environ.get("DJANGO_SETTINGS_MODULE", __name__) == __name__:
    refuse_unsafe(globals())
