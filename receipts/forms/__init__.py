"""Parts of office forms that several verbs share: deadlines, customers, watches, works."""
