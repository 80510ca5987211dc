"""A Decision in, text out: table, json, yaml, csv, markdown, kubectl patches, and one container explained.

A new report is one file here, one line in ``registry.py`` and one test; the registry's contract test covers the rest.
"""
