"""The port to a messenger and its adapters. Nothing above this package knows Telegram."""
