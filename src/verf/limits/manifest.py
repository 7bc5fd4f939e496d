from verf.limits.settings import LimitsSettings
from verf.manifest import Room

room = Room(
    name="limits",
    package="verf.limits",
    settings=LimitsSettings,
    problems={
        "quota-exceeded": "Too many requests",
        "temporary-reduced-capacity": "Attempts cannot be counted just now",
    },
)
