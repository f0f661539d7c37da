"""The ledger: the one truth, a chain of batches of facts."""
