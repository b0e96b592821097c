"""What a browser would send of a form on a page, with the standard library's parser."""

from __future__ import annotations

from html.parser import HTMLParser


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._open = False
        self._select = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name, value = found.get("name") or "", found.get("value") or ""
        if tag == "form":
            self._open = True
            self.forms.append((found.get("id") or "", {}))
        elif tag == "option" and self._select:
            if "selected" in found:
                self.forms[-1][1][self._select] = value
        elif not self._open or not name or "disabled" in found:
            return
        elif tag == "input":
            kind = found.get("type", "text")
            if kind in {"checkbox", "radio"} and "checked" not in found:
                return
            if kind not in {"submit", "button", "file", "image"}:
                self.forms[-1][1][name] = value
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._text = name
            self.forms[-1][1][name] = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.forms[-1][1][self._text] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._text = ""


def form_of(page: str, name: str = "") -> dict[str, str]:
    """Fields and values of the form with this id; without one, of that with the command's key.

    Raises LookupError when the page has none.
    """
    reader = _Forms()
    reader.feed(page)
    for known, fields in reader.forms:
        if known == name if name else "command_key" in fields:
            return fields
    raise LookupError(f"the page has no such form: {page[:200]!r}")
