"""What a catalogue of Backstage keeps: entities, their owners, and what they depend on."""
