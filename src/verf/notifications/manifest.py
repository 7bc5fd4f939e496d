from verf.manifest import Room
from verf.notifications import jobs, models, pages
from verf.notifications.settings import NotificationSettings

room = Room(
    name="notifications",
    package="verf.notifications",
    models=models,
    settings=NotificationSettings,
    routers=[pages.router],
    jobs=jobs,
)
