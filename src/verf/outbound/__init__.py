"""The only way out: every call to a service we do not run goes through a client made here."""
