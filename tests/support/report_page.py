"""An HTML page without a browser: its elements, and the text of each section."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "link", "input", "hr"}


@dataclass
class Element:
    """A start tag."""

    tag: str
    attributes: dict[str, str]


@dataclass
class Page(HTMLParser):
    """Parses at once; unbalanced tags are an error."""

    source: str
    elements: list[Element] = field(default_factory=list)
    sections: dict[str, str] = field(default_factory=dict)
    """Text by the id of the section, white space as a browser shows it."""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.source)
        self.close()
        assert not self._open, self._open
        self.sections = {name: " ".join(text.split()) for name, text in self.sections.items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, tag
        if tag in ("td", "th"):
            self.handle_data(" ")
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            if element.tag == "section":
                name = element.attributes.get("id") or element.attributes["class"]
                self.sections[name] = self.sections.get(name, "") + data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]
