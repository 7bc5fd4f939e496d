"""What the house tells its operators: structured logs without secrets, the request id, metrics, error reports.

Not the place for health or for the pages that show any of this: see operations.
"""

from verf.telemetry.errors import SentrySettings, count_error, start_error_reports
from verf.telemetry.logs import TelemetrySettings, bind, configure_logging, log
from verf.telemetry.masking import HIDDEN, mask, mask_text
from verf.telemetry.metrics import counter, exposition, gauge, histogram, on_scrape
from verf.telemetry.queries import observe_query, watch_connections, watch_queries
from verf.telemetry.requests import Telemetry, request_began, request_id, route_template

__all__ = [
    "HIDDEN",
    "SentrySettings",
    "Telemetry",
    "TelemetrySettings",
    "bind",
    "configure_logging",
    "count_error",
    "counter",
    "exposition",
    "gauge",
    "histogram",
    "log",
    "mask",
    "mask_text",
    "observe_query",
    "on_scrape",
    "request_began",
    "request_id",
    "route_template",
    "start_error_reports",
    "watch_connections",
    "watch_queries",
]
