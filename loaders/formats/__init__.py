"""The formats that others keep their inventories in: one module each, from a document to what it states."""
