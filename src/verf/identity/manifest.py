from datetime import timedelta

from verf.identity import account_pages, api, jobs, models, notices, pages
from verf.identity.facts import ForgetOldSessions
from verf.identity.settings import IdentitySettings
from verf.manifest import Room, Schedule

room = Room(
    name="identity",
    package="verf.identity",
    models=models,
    settings=IdentitySettings,
    routers=[api.router, pages.router, account_pages.router],
    jobs=jobs,
    schedules=[Schedule(every=timedelta(days=1), message=ForgetOldSessions)],
    notices=[notices.VERIFY_EMAIL, notices.RESET_PASSWORD, notices.SIGN_UP_REPEATED, notices.SESSION_STOLEN],
)
