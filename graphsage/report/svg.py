"""matplotlib's SVG made fit for a page: one of several, in the page's font and colours, with a text for who cannot see it."""

import re
import warnings
from io import StringIO
from xml.etree import ElementTree

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from graphsage.report.page import Html, tag

INK, SOFT, LINE = "#1c2430", "#576274", "#d7dde6"
BLUE, ORANGE, GREEN, PURPLE, PALE = "#0072b2", "#c4500a", "#00795a", "#a34d80", "#9fbad0"
PAGE, ON_LIGHT, ON_STRONG = "#fffffe", "#1c2431", "#fffffd"  # differ from white and INK, so that each has a variable of its own
HEAT = ("#e6eff8", "#c9def0", "#9dc6e3", "#62a5d1", "#2b7bba", "#0b559f", "#08306b")
# In the file each is a variable of the page's stylesheet, which has a light and a dark value for it.
VARIABLES = {INK: "ink", SOFT: "soft", LINE: "line", BLUE: "blue", ORANGE: "orange", GREEN: "green", PURPLE: "purple",
             PALE: "pale", PAGE: "page", ON_LIGHT: "on-light", ON_STRONG: "on-strong",
             **{colour: f"heat-{level}" for level, colour in enumerate(HEAT, start=1)}}  # fmt: skip
WIDTH = 5.2  # inches of 72 units: a unit is about a pixel on a phone, so that 12 points stay readable there
ABOVE = {"loc": "outside upper left"}  # where a legend hides nothing
TIGHT = {"columnspacing": 0.8, "handlelength": 0.8, "handletextpad": 0.4}
PERCENT = PercentFormatter(1, symbol=" %")
SETTINGS = {
    "font.size": 12,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",  # text stays text: small, and in the page's font
    "text.parse_math": False,  # a class may be called $x_
    "path.simplify": True,
}
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
NAMESPACES = ("{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}")


def picture(name, draw, *, text, caption, height=3.0, width=WIDTH, scrolls=False):
    """A figure element with what ``draw(figure)`` draws. Only this function's own settings apply, and none stays behind.

    name: begins the ids inside, so that several pictures share a page. text: what it shows, in words. width, height: inches.
    scrolls: wider than a page, at its own size, in a box that scrolls.
    """
    with style.context(SETTINGS | {"svg.hashsalt": name}, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the browser has other fonts
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = StringIO()
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    drawn = inline(buffer.getvalue(), name, text, f"min-width: {72 * width:.0f}px" if scrolls else None)
    box = tag("div", drawn, class_="scroll", tabindex="0", role="region", aria_label=text) if scrolls else drawn
    return tag("figure", box, tag("figcaption", caption))


def inline(svg, name, text, size=None):
    """Html of a whole SVG file: an element without namespaces and styles of its own, its ids beginning with ``name``."""
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}style", "}metadata")):
                parent.remove(child)
    used = {value for element in root.iter() for value in element.attrib.values() if "#" in value}
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(k): _value(k, v, name) for k, v in element.attrib.items() if k != "id" or _is_used(v, used)}
    root.attrib = {"viewBox": root.get("viewBox"), "role": "img", "aria-labelledby": f"{name}-title"}
    if size is not None:
        root.set("style", size)
    title = ElementTree.Element("title", {"id": f"{name}-title"})
    title.text = text
    root.insert(0, title)
    return Html(ElementTree.tostring(root, encoding="unicode"))


def _local(name):
    """A tag or attribute without its namespace; href needs none in HTML."""
    for namespace in NAMESPACES:
        name = name.removeprefix(namespace)
    return name


def _is_used(identifier, used):
    return any(value in (f"#{identifier}", f"url(#{identifier})") for value in used)


def _value(key, value, name):
    """An attribute's value: ids and what refers to them with the picture's name, colours as variables, no font."""
    if key == "id":
        return f"{name}-{value}"
    if key == "style":
        rules = (rule.strip() for rule in value.split(";"))
        value = "; ".join(rule for rule in rules if not rule.startswith("font-family"))
        for colour, variable in VARIABLES.items():
            value = value.replace(colour, f"var(--{variable})")
    if key == "d":  # a hundredth of a unit is less than anyone sees, and half of the file
        value = LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value)
    return value.replace("url(#", f"url(#{name}-") if "url(#" in value else value.replace("#", f"#{name}-", 1)
