from verf.manifest import Check, Room
from verf.notifications import checks, jobs, models, pages
from verf.notifications.settings import NotificationSettings

room = Room(
    name="notifications",
    package="verf.notifications",
    models=models,
    settings=NotificationSettings,
    routers=[pages.router],
    jobs=jobs,
    checks=[
        Check(name="mail has a way out", run=checks.mail_has_a_way_out),
        Check(name="mail has a sender", run=checks.mail_has_a_sender),
    ],
)
