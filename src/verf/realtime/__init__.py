"""Tell open pages that something changed. Carries names, not data: pages fetch what they may see."""
