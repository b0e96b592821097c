"""What presses each service, app by app: a new service is pressed in the file of its app.

A file has lists of ``(service, arguments)`` by who may: ``MANAGER`` (Anna), ``INSPECTOR`` (Igor),
``MASTER`` (Maxim); and ``NOT_PRESSED``, the services that are no verb of a person, with the reason.
"""
