from verf.billing import models
from verf.manifest import Room

room = Room(name="billing", package="verf.billing", models=models)
