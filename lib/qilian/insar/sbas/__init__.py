"""Small-baseline inversion: a network of interferograms to displacement, pixel by pixel.

`invert` is the door. Behind it, `recorded` writes down once what a pixel costs, with the help of
`elimination` and `model`, as a `program` whose terms are `joining`; `solve` has the `machine` carry
it out for block after block of pixels, whose `loops` it screens before.
"""

from qilian.insar.sbas.invert import invert

__all__ = ["invert"]
