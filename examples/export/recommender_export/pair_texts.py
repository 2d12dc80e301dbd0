"""Writes requests and items into the two texts of a pair, as the Java cross-encoder does."""

import re
from dataclasses import dataclass, field

from .bundle import ExportError
from .text_encoder import written

_PART = re.compile(r"\{\{|}}|\{(\w+)}|[{}]")


class Template:
    """A text with variables in braces; two braces stand for one."""

    def __init__(self, text: str):
        self.text, self.parts, literal, end = text, [], "", 0
        for found in _PART.finditer(text):
            literal += text[end:found.start()]
            end = found.end()
            if found[1]:
                self.parts += [literal, found[1]]
                literal = ""
            elif len(found[0]) == 2:
                literal += found[0][0]
            else:
                raise ExportError(f"template {text!r}: a brace stands alone at {found.start()}")
        self.parts.append(literal + text[end:])
        self.variables = self.parts[1::2]
        if not self.variables:
            raise ExportError(f"template {text!r}: expected a variable in braces at least, found none")

    def write(self, values: dict[str, str]) -> str:
        return "".join(part if i % 2 == 0 else values[part] for i, part in enumerate(self.parts))


@dataclass(frozen=True)
class PairTexts:
    """``request`` and ``item`` are templates; ``{history}`` in a request is the newest ``history_items`` items."""

    request: str = "{query}"
    item: str = "{title}"
    defaults: dict = field(default_factory=dict)
    history_items: int = 0
    history_template: str | None = None
    history_separator: str = ", "
    list_separator: str = ", "
    order: str = "REQUEST_FIRST"
    truncation: str = "LONGEST_FIRST"
    missing: str = "FAIL"

    def manifest(self) -> dict:
        result = {"request": self.request, "item": self.item}
        if "history" in Template(self.request).variables:
            if self.history_items < 1:
                raise ExportError(f"history_items: {self.history_items}, expected at least 1 with {{history}} in the request")
            result["history"] = {"items": self.history_items, "separator": self.history_separator}
            if self.history_template:
                result["history"]["template"] = self.history_template
        if self.defaults:
            result["defaults"] = dict(self.defaults)
        return result | {"listSeparator": self.list_separator, "order": self.order, "truncation": self.truncation,
                         "missing": self.missing}

    def item_text(self, features: dict) -> str | None:
        return self._write(Template(self.item), features)

    def request_text(self, context: dict, history: list[str], items: dict[str, dict]) -> str:
        """``items``: the features of an item by id; those that are not there are left out of the history."""
        template = Template(self.request)
        values = {}
        for variable in template.variables:
            if variable == "history":
                values[variable] = self._history(history, items)
            elif variable in context:
                values[variable] = written(context[variable], self.list_separator)
            elif variable in self.defaults:
                values[variable] = self.defaults[variable]
            else:
                raise ExportError(f"request, feature {variable!r}: expected a text, found none")
        return template.write(values)

    def _history(self, history: list[str], items: dict[str, dict]) -> str:
        template = Template(self.history_template or self.item)
        told = [text for text in (self._write(template, items[i]) for i in history if i in items) if text is not None]
        told = told[-self.history_items:]
        return self.history_separator.join(told) if told else self.defaults.get("history", "")

    def _write(self, template: Template, features: dict) -> str | None:
        values = {v: written(features[v], self.list_separator) if v in features else self.defaults.get(v)
                  for v in template.variables}
        return None if None in values.values() else template.write(values)
