"""Running notebooks and rendering them into the published book."""
