from verf.manifest import Check, Room
from verf.operations import api
from verf.operations.checks import disk_has_room, jobs_are_being_done
from verf.operations.settings import OperationsSettings

room = Room(
    name="operations",
    package="verf.operations",
    settings=OperationsSettings,
    routers=[api.router],
    checks=[
        Check(name="the disk has room", run=disk_has_room),
        Check(name="jobs are being done", run=jobs_are_being_done),
    ],
)
