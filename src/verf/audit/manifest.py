from verf.audit import models
from verf.manifest import Room

room = Room(name="audit", package="verf.audit", models=models)
