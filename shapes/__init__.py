"""SHACL: the data shapes of the gate, the rule packs and the compiler that checks them."""
