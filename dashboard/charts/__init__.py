"""Pictures of attention: a HeadView or a table in, a chart out.

Every function here is pure and returns an Altair chart that is drawn the same on screen and in a file.
`VIEWS` lists the ways of drawing one head; `atlas` and `atlas_maps` show all heads of a model, `side_by_side`
and `difference` set heads against each other. `theme` holds the look.
"""

from dashboard.charts.arcs import arcs
from dashboard.charts.atlas import atlas, atlas_maps
from dashboard.charts.compare import difference, side_by_side
from dashboard.charts.heatmap import heatmap
from dashboard.charts.lines import lines
from dashboard.charts.reading import reading
from dashboard.charts.safe import shown
from dashboard.charts.theme import PALETTES, Theme, config
from dashboard.charts.views import VIEWS, View

__all__ = [
    "PALETTES",
    "VIEWS",
    "Theme",
    "View",
    "arcs",
    "atlas",
    "atlas_maps",
    "config",
    "difference",
    "heatmap",
    "lines",
    "reading",
    "shown",
    "side_by_side",
]
