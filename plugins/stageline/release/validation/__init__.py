"""A second, independent blessing: the stored model file has to work in a clean process as it did in training.

Nothing is imported here: the clean process passes through before it has bounded itself.
"""
