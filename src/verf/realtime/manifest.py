from verf.manifest import Room
from verf.realtime import jobs

room = Room(name="realtime", package="verf.realtime", jobs=jobs)
