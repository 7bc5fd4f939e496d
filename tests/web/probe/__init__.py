"""A room of tests: templates that show one thing."""
