from .base import *  # noqa: F403

SECRET_KEY = "tests-only-" + "k" * 50
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
