from datetime import timedelta

from verf.jobs import jobs, models
from verf.jobs.settings import JobsSettings
from verf.manifest import Room, Schedule

room = Room(
    name="jobs",
    package="verf.jobs",
    models=models,
    settings=JobsSettings,
    jobs=jobs,
    schedules=[Schedule(every=timedelta(hours=1), message=jobs.CleanUpJobs)],
)
