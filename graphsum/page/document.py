"""One HTML file: its style, script and data inside, and a policy that lets it load nothing."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from graphsum.page.charts import CurveChart

_NONE = "'none'"
# What ends or changes a script element for the HTML parser, wherever it stands.
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def document(template: str, *, script: str | None = None, **values: Any) -> str:
    """The text of a page.

    Args:
        template: a file of ``templates/``, which extends ``document.html``.
        script: another one, or None for a page that runs nothing.
        values: what the template names; all text is escaped.
    """
    style = _read("page.css")
    code = _read(script) if script else None
    return (
        _environment()
        .get_template(template)
        .render(
            policy=content_policy(style, code),
            style=Markup(style),
            script=None if code is None else Markup(code),
            **values,
        )
    )


def chart_file(chart: CurveChart) -> str:
    """A chart of curves as the text of an SVG file."""
    return _environment().get_template("chart.svg").render(chart=chart)


def content_policy(style: str, script: str | None) -> str:
    """The page's Content-Security-Policy: it loads nothing, and runs this script alone.

    No text ever becomes markup in it: without a policy for trusted types ``innerHTML`` and its like
    raise an error.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_digest(script) if script else _NONE}",
            f"style-src {_digest(style)}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            f"trusted-types {_NONE}",
        )
    )


def embedded_json(value: Any) -> Markup:
    """A value as JSON that stands in a script element: ASCII, without ``<``, ``>`` and ``&``.

    So neither ``</script>`` nor ``<!--`` nor a line separator (U+2028) of a report means anything
    to the parser of HTML or JavaScript.
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_ESCAPES))


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("graphsum.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def _read(name: str) -> str:
    return files("graphsum.page").joinpath("templates", name).read_text(encoding="utf-8")
