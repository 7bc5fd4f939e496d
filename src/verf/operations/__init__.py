"""Whether the house is well, and what its operators may see: health, metrics, settings, refusals to start.

Not a place for measuring: each room counts its own, with telemetry.
"""

from verf.operations.findings import Finding, readiness
from verf.operations.loop_lag import watching_the_loop
from verf.operations.operators import is_operator
from verf.operations.safe_start import refusals
from verf.operations.settings import OperationsSettings
from verf.operations.sources import SettingLine, describe_settings

__all__ = [
    "Finding",
    "OperationsSettings",
    "SettingLine",
    "describe_settings",
    "is_operator",
    "readiness",
    "refusals",
    "watching_the_loop",
]
