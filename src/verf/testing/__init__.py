"""A pytest plug-in for those who build on verf: a real database, the whole house, people who are signed in.

Fixtures: `database` (migrated, clean), `site` (the house in this process).
"""

from verf.testing.ports import free_port
from verf.testing.site import Member, Site, whole_house

__all__ = ["Member", "Site", "free_port", "whole_house"]
