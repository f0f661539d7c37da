"""Telemetry from Kafka: a group of services shares out the partitions, and the ledger says how far each has come."""
