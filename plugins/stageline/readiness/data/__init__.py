"""The seven tests of the section `data`."""
