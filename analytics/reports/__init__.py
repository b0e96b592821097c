"""Numbers on paper and in spreadsheets: what a page shows as a file, the whole report, its archive.

Nothing is counted here: every figure comes from the selector that the page asks, too.
"""
