"""The seven tests of the section `infrastructure`."""
