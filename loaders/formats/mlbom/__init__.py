"""Bills of materials of CycloneDX: models, data, services, and what they have to do with each other."""
