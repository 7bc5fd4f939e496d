"""Money: plans, subscriptions, the ledger, and the providers that move it."""
