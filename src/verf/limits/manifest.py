from datetime import timedelta

from verf.limits import jobs, models
from verf.limits.settings import LimitsSettings
from verf.manifest import Room, Schedule

room = Room(
    name="limits",
    package="verf.limits",
    models=models,
    settings=LimitsSettings,
    jobs=jobs,
    schedules=[Schedule(every=timedelta(hours=1), message=jobs.ForgetAnswers)],
    problems={
        "idempotency-key-in-flight": "The first request with this key is under way",
        "idempotency-key-missing": "This request needs an Idempotency-Key",
        "idempotency-key-reused": "This Idempotency-Key came with other contents",
        "quota-exceeded": "Too many requests",
        "temporary-reduced-capacity": "Attempts cannot be counted just now",
    },
)
