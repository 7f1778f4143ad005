"""HTML of the report: elements that escape what they are given, tables, and the page around them."""

from html import escape

# Nothing can be loaded, and no script can run, whatever a class is called.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

STYLE = """
:root { color-scheme: light dark; --page: #fff; --panel: #f5f7fa; --ink: #1c2430; --soft: #576274; --line: #d7dde6;
  --blue: #0072b2; --orange: #c4500a; --green: #00795a; --purple: #a34d80; --pale: #9fbad0; --bar: #c5dcec;
  --on-bar: #1c2430; --shade: #8a93a399;
  --heat-1: #e6eff8; --heat-2: #c9def0; --heat-3: #9dc6e3; --heat-4: #62a5d1; --heat-5: #2b7bba; --heat-6: #0b559f;
  --heat-7: #08306b; --on-light: #1c2430; --on-strong: #fff; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --panel: #1b212a; --ink: #e4e9f0; --soft: #a3aebd;
  --line: #36404e; --blue: #5db4e8; --orange: #f0964e; --green: #3cc69c; --purple: #dd93bd; --pale: #4d6479; --bar: #24506e;
  --on-bar: #e4e9f0; --shade: #000; --heat-1: #17293b; --heat-2: #1b3a56; --heat-3: #1f5078; --heat-4: #276ea5;
  --heat-5: #5b9fd0; --heat-6: #94c4e6; --heat-7: #d3e7f7; --on-light: #e4e9f0; --on-strong: #0d1117; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 70rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: clamp(1.6rem, 5vw, 2.4rem); line-height: 1.2; }
h2 { margin: 2.75rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); font-size: 1.35rem; }
h3 { margin: 1.5rem 0 .4rem; font-size: 1.05rem; }
p { margin: .4rem 0 .8rem; max-width: 46rem; }
.soft, figcaption { color: var(--soft); }
.warning { padding: .5rem .8rem; border-left: .3rem solid var(--orange); background: var(--panel); }
a { color: var(--blue); }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; }
figure { margin: .8rem 0; min-width: 0; }
figcaption { font-size: .9rem; max-width: 46rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 2rem; }
.beside > * { min-width: 0; }
figure > svg { max-width: 33rem; }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
/* shadows at the edges behind which there is more */
.scroll { overflow-x: auto; max-width: 100%; margin: .6rem 0; background:
  linear-gradient(90deg, var(--page) 40%, transparent) 0 / 3rem 100% no-repeat local,
  linear-gradient(270deg, var(--page) 40%, transparent) 100% / 3rem 100% no-repeat local,
  radial-gradient(farthest-side at 0 50%, var(--shade), transparent) 0 / 1rem 100% no-repeat scroll,
  radial-gradient(farthest-side at 100% 50%, var(--shade), transparent) 100% / 1rem 100% no-repeat scroll; }
.scroll:focus-visible { outline: 2px solid var(--blue); }
pre { margin: 0; padding: .8rem; background: var(--panel); font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
table { border-collapse: collapse; font-size: .93rem; overflow-wrap: break-word; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .28rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th:first-child, td:first-child { padding-left: .3rem; }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 5.5rem; max-width: 18rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: block; min-width: 7rem; padding: 0 .4rem; text-align: right; color: var(--on-bar);
  background: linear-gradient(var(--bar), var(--bar)) no-repeat; border-left: 1px solid var(--soft); }
.text { max-width: 34rem; }
.text + .text:last-child { min-width: 11rem; }
summary { cursor: pointer; color: var(--blue); margin: .6rem 0; }
@media (max-width: 40rem) { table { font-size: .86rem; } th, td { padding: .28rem .4rem; }
  tbody th, .text { max-width: 12.5rem; } .bar { min-width: 4.5rem; } }
"""


class Html(str):
    """Text that is markup already. All other text is escaped where it is put into an element."""


def markup(content):
    """``content`` as Html: escaped unless it is Html. None is nothing."""
    if content is None:
        return Html()
    return content if isinstance(content, Html) else Html(escape(str(content)))


def joined(*contents):
    """Html of all ``contents``, one after the other."""
    return Html("".join(map(markup, contents)))


def tag(name, *contents, **attributes):
    """An element. ``class_`` is written class, ``aria_label`` aria-label; an attribute that is None is left out."""
    given = {key.strip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    opened = "".join(f' {key}="{escape(str(value))}"' for key, value in given.items())
    return Html(f"<{name}{opened}>{joined(*contents)}</{name}>")


def section(title, *contents):
    """A part of the page, with the anchor that ``page`` links to."""
    return title, tag("section", tag("h2", title), *contents, id=anchor(title))


def anchor(title):
    """The id of a section."""
    return title.lower().replace(" ", "-")


def scrolled(content, label):
    """A box that scrolls by itself where ``content`` is wider than the page; the keyboard reaches it."""
    return tag("div", content, class_="scroll", tabindex="0", role="region", aria_label=label)


def table(columns, rows, label, *, text=()):
    """A table that scrolls in its own box. The first column heads its rows, others are numbers but for those in ``text``."""
    kinds = [None, *("text" if name in text else "number" for name in columns[1:])]
    head = tag("tr", *(tag("th", name, scope="col", class_=kind) for name, kind in zip(columns, kinds)))
    body = (tag("tr", tag("th", row[0], scope="row"), *map(_cell, row[1:], kinds[1:])) for row in rows)
    return scrolled(tag("table", tag("thead", head), tag("tbody", *body)), label)


def _cell(content, kind):
    return tag("td", content, class_=kind)


def bar(share, text):
    """``text`` on a bar that fills ``share`` of its cell; not a number fills none."""
    percent = 100 * min(max(share, 0), 1) if share == share else 0
    return tag("span", text, class_="bar", style=f"background-size: {percent:.1f}% 100%")


def folded(summary, content):
    """``content`` behind a line that opens it."""
    return tag("details", tag("summary", summary), content)


def beside(*contents):
    """``contents`` side by side where the page is wide enough; None is left out."""
    return tag("div", *(tag("div", content) for content in contents if content is not None), class_="beside")


def page(title, heading, sections):
    """The whole file; sections: pairs of title and Html, as ``section`` makes them."""
    links = (tag("a", name, href=f"#{anchor(name)}") for name, _ in sections)
    head = joined(
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = joined(heading, tag("nav", *links, aria_label="Contents"), *(content for _, content in sections))
    return f"<!DOCTYPE html>\n{tag('html', tag('head', head), tag('body', tag('main', body)), lang='en')}\n"
