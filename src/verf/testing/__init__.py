"""A pytest plug-in for those who build on verf: a real database, the whole house, simulators."""
