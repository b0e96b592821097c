"""Errors to Sentry, traces over OTLP: both off unless an address is given."""

from . import env

SENTRY_DSN = env.text("SENTRY_DSN")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", "production")
SENTRY_SAMPLE_PERCENT = env.whole("SENTRY_SAMPLE_PERCENT", 100, maximum=100)

OTEL_EXPORTER_OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT").rstrip("/")
# name=value,name=value: what the collector asks for, a key as a rule.
OTEL_EXPORTER_OTLP_HEADERS = env.text("OTEL_EXPORTER_OTLP_HEADERS")
# Of causes, not of spans: what one press or request has led to is traced as a whole or not at all.
OTEL_SAMPLE_PERCENT = env.whole("OTEL_SAMPLE_PERCENT", 10, maximum=100)
