"""From a candidate to the model in use: validation."""
