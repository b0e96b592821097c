"""Import of tables: receipts with their history, employees, customers and watches.

A file is looked at before anything else (``files``: bounded, re-packed), its columns are matched
(``mapping``), and a job walks through its rows (``running``): a dry run that writes nothing, or
the import itself. What a row means is the matter of its subject (``receipts``, ``employees``,
``customers``); all of them write through the services or the bulk writer, silently.
"""
