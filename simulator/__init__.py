"""A Telegram Bot API server for loopback: demo, tests and benchmarks.

Nothing sent here leaves the computer. The product apps never import this package; they reach
it over HTTP like the real service.
"""
