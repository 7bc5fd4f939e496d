from verf.manifest import Room
from verf.sandbox.settings import SandboxSettings

room = Room(name="sandbox", package="verf.sandbox", settings=SandboxSettings)
