"""
Write the parts of the READMEs that are made from the code, between their markers.

A part is everything between ``<!-- name -->`` and ``<!-- /name -->``. To add one, put the
markers where it shall stand and a line in `PARTS`; a test then fails whenever the file and
the code differ.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[1]


@attrs.frozen
class Part:
    """
    One generated part.

    Args:
        file: The document, from the root of the checkout.
        name: Its marker.
        source: ``module:function``; the function returns the Markdown.
    """

    file: str
    name: str
    source: str

    def text(self) -> str:
        module, function = self.source.split(":")
        make: Callable[[], str] = getattr(importlib.import_module(module), function)
        return make().strip("\n")

    def inserted(self, document: str) -> str:
        """
        Return *document* with this part as the code has it now.

        Raises:
            ValueError: The markers are not there, or not once.
        """
        begin, end = f"<!-- {self.name} -->\n", f"<!-- /{self.name} -->"
        if (document.count(begin), document.count(end)) != (1, 1):
            raise ValueError(f"{self.file}: needs {begin.strip()} and {end} once")
        between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        return between.sub(lambda _: f"{begin}{self.text()}\n{end}", document)


# What only documents need is written beside this script.
sys.path.append(str(ROOT / "tools"))

PARTS: Final = (
    Part("server/README.md", "settings", "pronote_server.config:settings_table"),
    Part("server/README.md", "base_states", "pronote_server.domain.base_states:states_table"),
    *(
        Part("protocol/README.md", name, f"protocol_documents:{name}")
        for name in (
            "limits",
            "stages",
            "login",
            "session",
            "events",
            "goodbyes",
            "calls",
            "records",
            "vocabulary",
            "refusals",
        )
    ),
)


def out_of_date() -> dict[Path, str]:
    """Return the documents that differ from the code, with what they should say."""
    documents: dict[Path, str] = {}
    for part in PARTS:
        file = ROOT / part.file
        before = documents.get(file, file.read_text(encoding="utf-8"))
        documents[file] = part.inserted(before)
    return {
        file: text
        for file, text in documents.items()
        if text != file.read_text(encoding="utf-8")
    }


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: tools/generate [--check]", file=sys.stderr)
        return 64
    stale = out_of_date()
    for file, text in stale.items():
        print(f"{file.relative_to(ROOT)}: {'out of date' if arguments else 'written'}")
        if not arguments:
            file.write_text(text, encoding="utf-8")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
