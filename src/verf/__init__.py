"""verf: the platform our products stand on. Start at ARCHITECTURE.md."""
