"""Watching a released model: what comes in, what it says of it, and how good that is."""
