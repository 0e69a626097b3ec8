"""What the engines of Great Expectations lack, or define otherwise than each other: metric providers of our own.

Importing a module here registers its providers, and imports Great Expectations with all it needs.
"""
