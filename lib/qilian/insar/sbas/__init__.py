"""Small-baseline inversion: a network of interferograms to displacement, pixel by pixel.

`invert` is the door; behind it, `elimination` solves networks for many pixels at once, `pixels`,
`loops` and `model` do what comes before and after, `solve` strings them together.
"""

from qilian.insar.sbas.invert import invert

__all__ = ["invert"]
