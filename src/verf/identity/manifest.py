from verf.identity import api, jobs, models, notices
from verf.identity.settings import IdentitySettings
from verf.manifest import Room

room = Room(
    name="identity",
    package="verf.identity",
    models=models,
    settings=IdentitySettings,
    routers=[api.router],
    jobs=jobs,
    notices=[notices.VERIFY_EMAIL, notices.RESET_PASSWORD, notices.SIGN_UP_REPEATED, notices.SESSION_STOLEN],
)
