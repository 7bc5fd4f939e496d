from verf.sandbox.manifest import room


def simulated(name):
    """The sandbox's own declaration of this provider."""
    return next(each for each in room.simulators if each.name == name)
