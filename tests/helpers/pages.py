"""What a page holds, by a strict parser; and what it looks like, by a browser if there is one."""

import html
import json
import re
import sys
from html.parser import HTMLParser

from conftest import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "tools"))
from report_picture import browse

VOID = {"meta"}  # elements without an end that the report uses


class Page(HTMLParser):
    """A page of which every element is closed in order, every id is there once, and every reference has its id.

    tables: {label of the box around it: rows of texts, the head first}; elements: (tag, attributes) in order;
    text: all text outside of style. drawn: the texts in pictures.
    """

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts, self.drawn, self.tables, self.cell = [], [], [], [], {}, None
        self.feed(source)
        self.close()
        assert self.open == [] and not self.rawdata
        ids = [value for _, attributes in self.elements for key, value in attributes.items() if key == "id"]
        assert len(ids) == len(set(ids))
        assert self.references() <= set(ids)

    def references(self):
        """Every id that an attribute points to."""
        values = [(key, value) for _, attributes in self.elements for key, value in attributes.items()]
        links = {value.removeprefix("#") for key, value in values if key in ("href", "aria-labelledby")}
        return links | {found for _, value in values for found in re.findall(r"url\(#(.*?)\)", value)}

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attributes):
        assert len(attributes) == len(dict(attributes))
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append((tag, dict(attributes)))
        if tag == "table":
            [label] = [given["aria-label"] for _, given in self.open if "aria-label" in given]
            self.rows = self.tables[label] = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
            self.cell = True

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag
        if tag in ("th", "td"):
            self.cell = None

    def handle_data(self, data):
        if self.open and self.open[-1][0] != "style":
            self.texts.append(data)
        if self.open and self.open[-1][0] == "text":
            self.drawn.append(data)
        if self.cell:
            self.rows[-1][-1] += data


# ---- a browser


def measured(path, width, folder):
    """What a browser says of the page in a frame of ``width`` (a window cannot be as narrow as a phone), all folds open.

    page: needed and given width. out: elements that stick out of it. text: least height of a line in a picture, in pixels.
    loaded: addresses of what was loaded.
    """
    wrapper = folder / "wrapper.html"
    wrapper.write_text(WRAPPER % (width, html.escape(path.read_text(encoding="utf-8"))), encoding="utf-8")
    shown = browse(wrapper, "--dump-dom")
    return json.loads(html.unescape(re.search("<title>(.*?)</title>", shown, re.DOTALL)[1]))


# An element sticks out if it ends right of the page and is in no box that scrolls.
WRAPPER = """<!DOCTYPE html><meta charset="utf-8"><iframe style="border: 0; width: %dpx; height: 900px" srcdoc="%s"></iframe>
<script>addEventListener("load", () => {
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  for (const folded of page.querySelectorAll("details")) folded.open = true;
  const out = [...page.querySelectorAll("body *")].filter(e => !e.closest(".scroll, svg")
    && e.getBoundingClientRect().right > root.clientWidth + 1);
  const scale = matrix => Math.hypot(matrix.a, matrix.b);
  const size = text => parseFloat(getComputedStyle(text).fontSize) * scale(text.getScreenCTM());
  document.title = JSON.stringify({page: [root.scrollWidth, root.clientWidth], out: out.map(e => e.outerHTML.slice(0, 200)),
    text: Math.min(...[...page.querySelectorAll("svg text")].map(size)),
    loaded: performance.getEntriesByType("resource").map(e => e.name)});
});</script>"""
