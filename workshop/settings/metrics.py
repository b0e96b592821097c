"""Prometheus: what is counted, who may read it and where."""

from . import env

METRICS = env.flag("METRICS", True)
# Whoever brings it as a bearer may read the numbers; without one this machine alone may.
METRICS_TOKEN = env.text("METRICS_TOKEN")
METRICS_NETWORKS = env.names("METRICS_NETWORKS")
# The site tells its numbers itself, the other programs on ports of their own; 0: not at all.
METRICS_HOST = env.text("METRICS_HOST", "127.0.0.1")
METRICS_PORT_BOT = env.whole("METRICS_PORT_BOT", 0, maximum=65535)
METRICS_PORT_WORKER = env.whole("METRICS_PORT_WORKER", 0, maximum=65535)
METRICS_PORT_BEAT = env.whole("METRICS_PORT_BEAT", 0, maximum=65535)
METRICS_PORT_WEBHOOKS = env.whole("METRICS_PORT_WEBHOOKS", 0, maximum=65535)
# Who reads what stands in the database, for the site to tell it.
METRICS_READERS = [
    "workshop.lib.connections.read",
    "workshop.lib.disk.read",
    "history.gauges.read",
    "receipts.gauges.read",
    "integrations.gauges.read",
    "botapp.gauges.read",
]
