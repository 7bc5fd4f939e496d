"""Adapters: how each provider is asked, and how its answers become pictures of ours."""
