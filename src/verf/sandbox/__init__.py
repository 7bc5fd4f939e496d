"""The outside world on a laptop: simulators, the mail inbox and the clock. Never mounted in production."""
