"""The seven tests of the section `monitoring`."""
