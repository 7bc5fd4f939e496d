from verf.admin import pages
from verf.manifest import NavigationItem, Room

room = Room(
    name="admin",
    package="verf.admin",
    routers=[pages.router],
    navigation=[
        NavigationItem(label="Overview", href="/staff/", icon="gauge", staff=True),
        NavigationItem(label="People", href="/staff/people", icon="users", staff=True),
        NavigationItem(label="Organisations", href="/staff/organisations", icon="building-2", staff=True),
        NavigationItem(label="Jobs", href="/staff/jobs", icon="list-checks", staff=True),
        NavigationItem(label="Mails", href="/staff/mails", icon="mail", staff=True),
        NavigationItem(label="Health", href="/staff/health", icon="heart-pulse", staff=True),
    ],
)
