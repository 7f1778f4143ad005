"""Edges alone, an edge a line, as SNAP, KONECT and the Network Repository write them.

    # a comment, or % a comment; the last may name the columns
    0    4        two ids, and further columns; tabs, commas or spaces between

What is in a line is read as a table of edges is (``graphsage.data.tables.text_files``): columns that nothing names are the
two ends, and then columns that are not used.
"""

import re

from graphsage.data.readers.graph_tables import GraphTables
from graphsage.data.readers.look import first_lines
from graphsage.data.tables.end_names import pairs_among
from graphsage.data.tables.text_files import KONECT, NUMBER, TEXT_ENDS

ID = re.compile(r"\d{1,18}")
MOST_COLUMNS = 5


def fits_edge_list(path):
    """Are its first lines two numbers and more, or do their names say that they are ends of edges?"""
    if not (path.name.endswith(TEXT_ENDS) or KONECT.fullmatch(path.name)):
        return False
    lines = [line.strip() for line in first_lines(path) if line.strip() and not line.startswith(("#", "%"))]
    rows = [re.split(r"[\t ]*[\t, ][\t ]*", line) for line in lines]
    if not rows:
        return False
    return bool(pairs_among(rows[0])) or all(len(row) == len(rows[0]) and _are_numbers(row) for row in rows[:-1] or rows)


def _are_numbers(row):
    """Two ids and perhaps more? Numbers of communities' members are not, as their lines differ in length."""
    return 2 <= len(row) <= MOST_COLUMNS and all(map(ID.fullmatch, row[:2])) and all(map(NUMBER.fullmatch, row))


def tables_edge_list(path):
    """The ``GraphTables``: the file is its table of edges."""
    return GraphTables(edges=path)
