"""What LiteLLM keeps: the configuration of its proxy, and its map of prices."""
