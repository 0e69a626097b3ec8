"""How Sphinx builds these pages: `make docs`."""

from stageline import __version__

project = "Stageline"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"Stageline {__version__}"
exclude_patterns = ["_build"]
# Pages point at each other's headings.
myst_heading_anchors = 3
