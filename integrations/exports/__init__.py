"""Lists as files that are too long to wait for: asked for in the office or over the API, written by
a worker with progress, fetched from their page. Short lists are written at once by
``workshop.lib.listing`` (office) and ``workshop.lib.api.files`` (API)."""
