"""Rate limits and cache. Not plan quotas: those are billing's."""
