"""Health, metrics and readiness. Not business numbers: those are billing's."""
