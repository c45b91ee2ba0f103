"""A chart as one HTML file that works without a network, hover included.

It holds Vega, Vega-Lite and Vega-Embed, as vl-convert ships them, and our fonts. The page forbids itself every
connection. A typed text cannot end the script around it: the embedded specification escapes `<`.

The inline HTML of Altair and of vl-convert is not used: there a label with ``</script>`` ends the script, and nothing
forbids the page a connection.
"""

from __future__ import annotations

import json
from functools import lru_cache
from html import escape
from importlib import metadata
from string import Template
from typing import Any

from dashboard.export.metadata import KEY
from dashboard.export.provenance import Provenance
from dashboard.export.sanitize import legal
from dashboard.export.spec import description_of, title_of, version_of
from dashboard.export.typography.shipped_fonts import SANS_STACK, SHIPPED, font_face_css
from dashboard.files import cached

# Vega compiles its expressions ('unsafe-eval') and shows images from data: addresses; nothing else is allowed.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; connect-src data: blob:; base-uri 'none'; form-action 'none'"
)

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Two Heads">
$meta<title>$title</title>
<style>
$fonts
$style
#vg-tooltip-element { font-family: $sans; font-size: 14px; pointer-events: none; }
</style>
</head>
<body>
$body
<script type="module">
$library
</script>
<script type="module">
const specs = $specs;
// Text is measured when it is laid out, so the fonts come first.
await Promise.all($faces.map((face) => document.fonts.load(face)));
const actions = {export: true, source: false, compiled: false, editor: false};
for (const [place, spec] of Object.entries(specs)) await vegaEmbed(place, spec, {renderer: "svg", actions});
</script>
$after</body>
</html>
""")


def document(
    specs: dict[str, dict[str, Any]], *, title: str, style: str, body: str, meta: str = "", after: str = ""
) -> bytes:
    """A page with charts that works without a network and forbids itself every connection, UTF-8.

    Parameters
    ----------
    specs: CSS selector of the place → the specification drawn there (`dashboard.export.spec.specification`)
    title: not escaped; style: more CSS; meta, body, after: HTML, in which typed texts are escaped already
    """
    version = next((version_of(spec) for spec in specs.values()), None)
    return _PAGE.substitute(
        policy=escape(POLICY),
        meta=meta,
        title=escape(legal(title)),
        fonts=font_face_css(),
        style=style,
        sans=SANS_STACK,
        body=body,
        library=library(version) if version else "",
        specs=script_json(specs),
        faces=script_json([f'{font.weight} 12px "{font.family}"' for font in SHIPPED]),
        after=after,
    ).encode()


def html_bytes(spec: dict[str, Any], provenance: Provenance | None) -> bytes:
    """The page for a specification made by `dashboard.export.spec.specification`, UTF-8."""
    paper, description = paper_of(spec), escape(legal(description_of(spec, provenance)))
    return document(
        {"#chart": spec},
        title=title_of(provenance),
        meta=f'<meta name="description" content="{description}">\n'
        f'<meta name="{KEY}" content="{escape(provenance.to_json() if provenance else "{}")}">\n',
        style=f"html {{ background: {escape(paper)}; color-scheme: {'dark' if _is_dark(paper) else 'light'}; }}\n"
        "body { margin: 24px; overflow-x: auto; }\n#chart { display: inline-block; }",
        body='<main><div id="chart"></div></main>',
        after="<noscript>This picture is drawn by JavaScript, which is switched off. "
        f"It says: {description}</noscript>\n",
    )


def paper_of(spec: dict[str, Any]) -> str:
    """The colour behind a chart."""
    return str(spec.get("background") or spec.get("config", {}).get("background") or "#ffffff")


def script_json(value: Any) -> str:
    """JSON that is safe inside a `<script>`: without `<` and the two line ends that JSON allows in strings."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@lru_cache(maxsize=2)
def library(version: str) -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that sets `vegaEmbed`.

    Bundling takes a second or two, so the script is stored in the cache folder.
    """
    import vl_convert

    def together() -> bytes:
        script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
        return script.replace("</script", "<\\/script").encode()

    return cached(f"vega-{version}-of-vl-convert-{metadata.version('vl-convert-python')}.js", together).decode()


def _is_dark(colour: str) -> bool:
    """True for a dark background, like "#0e1117"."""
    if len(colour) != 7 or not colour.startswith("#"):
        return colour == "black"
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128
