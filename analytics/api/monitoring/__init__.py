"""Monitoring over the API: numbers, state, alerts and their rules, receipts in danger."""
