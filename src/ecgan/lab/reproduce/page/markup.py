"""Small pieces of HTML. What comes from files goes through `text` or `code`; `Html` is safe."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NewType

Html = NewType("Html", str)
"""Text in which everything that came from outside is escaped."""


def text(value: object) -> Html:
    """Anything as text: escaped, in one line."""
    return Html(html.escape(" ".join(str(value).split())))


def prose(value: object) -> Html:
    """Text in which `such words` are code."""
    return Html(re.sub("`([^`]+)`", r"<code>\1</code>", text(value)))


def join(parts: Iterable[Html], between: str = "") -> Html:
    return Html(between.join(parts))


def code(value: object) -> Html:
    return Html(f"<code>{text(value)}</code>")


def block(lines: Sequence[str]) -> Html:
    """Commands, one a line, as they are typed."""
    return Html("<pre><code>" + "\n".join(html.escape(line) for line in lines) + "</code></pre>")


def paragraph(*parts: Html, kind: str = "") -> Html:
    return Html(f"<p{_class(kind)}>{join(parts)}</p>")


def bullets(items: Iterable[Html]) -> Html:
    return Html("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")


def details(summary: Html, *content: Html) -> Html:
    return Html(f"<details><summary>{summary}</summary>{join(content)}</details>")


def table(
    caption: Html,
    head: Sequence[Html],
    rows: Iterable[Sequence[Html]],
    *,
    paper: Collection[int] = (),
    kind: str = "",
) -> Html:
    """A table whose first column names the rows.

    Args:
        caption: what it shows.
        head: names of the columns.
        rows: as many cells each.
        paper: columns that hold the paper's own numbers, set apart from what was measured here.
        kind: class of the table.
    """
    names = "".join(
        f'<th scope="col"{_class("paper" if index in paper else "")}>{name}</th>'
        for index, name in enumerate(head)
    )
    body = "".join(f"<tr>{_row(row, paper)}</tr>" for row in rows)
    return Html(
        f'<div class="wide" role="group" tabindex="0" aria-label="Table, may scroll sideways">'
        f"<table{_class(kind)}><caption><div>{caption}</div></caption>"
        f"<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def picture(png: bytes, alt: str, caption: Html, *, kind: str = "") -> Html:
    """A figure whose image lies in the page itself."""
    data = base64.b64encode(png).decode()
    width, height = _png_size(png)
    return Html(
        f"<figure{_class(kind)}>"
        f'<div class="wide" role="group" tabindex="0" aria-label="Figure, may scroll sideways">'
        f'<img src="data:image/png;base64,{data}" width="{width}" height="{height}" '
        f'alt="{text(alt)}"></div><figcaption>{caption}</figcaption></figure>'
    )


def _row(row: Sequence[Html], paper: Collection[int]) -> str:
    first, *others = row
    cells = (
        f"<td{_class('paper' if index in paper else '')}>{cell}</td>"
        for index, cell in enumerate(others, start=1)
    )
    return f'<th scope="row">{first}</th>{"".join(cells)}'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _png_size(png: bytes) -> tuple[int, int]:
    """Width and height as the header of the file states them."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
