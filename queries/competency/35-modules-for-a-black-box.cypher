// Which exportable modules plug into a black-box API architecture?
MATCH (m:ExportableModule)-[:PLUGGABLE_INTO]->(:Architecture {iri: 'https://w3id.org/stratagraph/ns#BlackBoxAPIArchitecture'})
RETURN m.notation AS notation, m.iri AS module ORDER BY notation
