from verf.jobs import models
from verf.jobs.settings import JobsSettings
from verf.manifest import Room

room = Room(name="jobs", package="verf.jobs", models=models, settings=JobsSettings)
