"""What a source holds now: from files, from the web, from what a command writes."""
