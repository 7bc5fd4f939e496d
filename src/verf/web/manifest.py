from verf.manifest import Room
from verf.web import pages
from verf.web.settings import WebSettings

room = Room(name="web", package="verf.web", settings=WebSettings, routers=[pages.router])
