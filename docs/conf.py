"""How Sphinx builds the documentation: `make docs`, or `sphinx-build docs FOLDER`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # docstrings.py

import graphsage

project = "graphsage"
release = graphsage.__version__
copyright = "the graphsage authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "docstrings"]
myst_heading_anchors = 3  # [text](page.md#heading)
suppress_warnings = ["myst.header"]  # benchmarks/README.md has levels left out
nitpicky = True
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # what is torch's own stands in torch's documentation
autodoc_typehints = "none"  # shapes and dtypes stand in the text
maximum_signature_line_length = 88
html_theme = "alabaster"
html_theme_options = {
    "description": "Training on sampled neighbourhoods",
    "page_width": "1240px",
    "fixed_sidebar": True,
    "font_family": "sans-serif",
    "head_font_family": "sans-serif",
    "font_size": "16px",
    "code_font_size": "0.8em",
}
html_static_path = ["_static"]
