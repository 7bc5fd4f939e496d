"""Stock tracker for marketplaces: what will run out, when, and what to reorder."""
