"""Ours beside a named baseline, measured in the same run, so that a busy machine slows both.

`just bench` runs all rows, `just bench page` one of them. Numbers of record: docs/decisions/0008-measurements.md.
"""
