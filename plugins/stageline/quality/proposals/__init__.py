"""Proposals of expectations: one kind a file, each with what in the data it rests on."""
