"""The domain: OWL modules, the value types every folder shares, identity, inference rules and the DL check."""
