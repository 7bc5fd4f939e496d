"""A stand-in for the seller API of Wildberries: its hosts, tokens, limits, delays, quirks and failures."""
