"""Tell a person something, on the channels they chose, once."""
