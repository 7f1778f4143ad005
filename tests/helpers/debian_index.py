"""A small Packages index, and the program that makes debian.npz, for the tests of both."""

import importlib.util
from pathlib import Path

#: Versions, qualifiers, alternatives, folded fields, virtual names, a package in two versions, a possessive.
INDEX = """\
Package: zeta
Architecture: amd64
Depends: libalpha1 (>= 1.2), alpha-tool:any | libbeta+2.0, nowhere (<< 3) | nobody
Pre-Depends: libalpha1
Suggests: zeta-doc, zeta-doc (>= 2)
Description: The editor's Editor for C and C++ (2nd edition)
 Its long text speaks of the alphabet.
Section: editors

Package: libalpha1
Provides: alpha-abi (= 1), mail-agent
Depends: mail-agent,
  libbeta+2.0
Description: library of the alphabet
Section: libs

Package: alpha-tool
Provides: mail-agent
Recommends: libalpha1 [amd64] <!nodoc>
Description: editor for the alphabet
Section: utils

Package: libbeta+2.0
Description: an
Section: libs

Package: zeta
Depends: lonely
Description: another version of it
Section: utils

Package: lonely
Description: Bücher für C
Section: libs
"""
NAMES = ["alpha-tool", "libalpha1", "libbeta+2.0", "lonely", "zeta"]


def load_build():
    """datasets/debian/build.py as a module: it is a program beside the data, not a part of the package."""
    path = Path(__file__).resolve().parents[2] / "datasets" / "debian" / "build.py"
    spec = importlib.util.spec_from_file_location("build_debian", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
