"""Telling other programs what happened: signed requests to their addresses."""
