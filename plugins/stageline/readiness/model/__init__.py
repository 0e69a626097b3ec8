"""The seven tests of the section `model`."""
