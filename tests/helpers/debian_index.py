"""A small Packages index, and the programs that make debian.npz and debian-typed.npz, for the tests of both."""

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


#: What ``TYPED_INDEX`` has after the first line of some packages: one conflicts with what it provides, another provides a name.
FIELDS = {
    "zeta": "Maintainer: Ada <ada@x.org>, Bob <b@x.org>\nTag: b::two, a::one,\n c\n",
    "libalpha1": 'Source: alpha (1.2-3)\nMaintainer: "The Team" <t@x.org>\nTag: a::one\n',
    "alpha-tool": "Source: alpha\nMaintainer: Ada <other@x.org>\nConflicts: mail-agent\n",
    "lonely": "Provides: zeta\nConflicts: lonely\n",
}
TYPED_INDEX = INDEX
for _name, _fields in FIELDS.items():
    TYPED_INDEX = TYPED_INDEX.replace(f"Package: {_name}\n", f"Package: {_name}\n{_fields}", 1)


def load_build(path="debian/build.py"):
    """A program in datasets/ as a module: it lies beside the data and is not a part of the package."""
    path = Path(__file__).resolve().parents[2] / "datasets" / path
    spec = importlib.util.spec_from_file_location(f"its_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
