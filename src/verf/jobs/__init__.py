"""Do it later. Jobs and facts are rows written in the caller's transaction, so none can be lost."""
