from verf.database import DatabaseSettings
from verf.database.checks import app_cannot_step_around_row_security, database_answers
from verf.manifest import Check, Room

room = Room(
    name="database",
    package="verf.database",
    settings=DatabaseSettings,
    checks=[
        Check(name="the database answers", run=database_answers),
        Check(name="the app cannot step around row-level security", run=app_cannot_step_around_row_security),
    ],
)
