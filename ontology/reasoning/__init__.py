"""What OWL says of the model: axioms, clashes, proofs and the reasoner."""
