"""The documentation: how it becomes a site, what of it is generated, and what is checked in it."""
