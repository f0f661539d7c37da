"""The YAML inventory: assets, their attributes and their relations, in the ontology's own names."""

from stratagraph.loaders.inventory.faults import Fault, MalformedInventory
from stratagraph.loaders.inventory.reader import Inventory, read_inventory

__all__ = ["Fault", "Inventory", "MalformedInventory", "read_inventory"]
