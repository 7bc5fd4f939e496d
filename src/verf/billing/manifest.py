from verf.billing import models, notices
from verf.manifest import Room

room = Room(name="billing", package="verf.billing", models=models, notices=notices.NOTICES)
