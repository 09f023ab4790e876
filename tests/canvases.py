"""Scripts that read in a browser what Bokeh has drawn below an element.

It draws inside nested shadow roots and layers canvases; the empty ones carry hover and such.
"""

_CANVASES = """(root => {
  const canvases = [];
  const walk = node => {
    if (node.tagName === "CANVAS" && node.width && node.height) canvases.push(node);
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.children ?? []) walk(child);
  };
  walk(root);
  return canvases;
})"""

# Whether some canvas has a size and at least two colours.
DRAWN = (
    "root => "
    + _CANVASES
    + """(root).some(canvas => {
  const {width, height} = canvas.getBoundingClientRect();
  const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const pixels = new Uint32Array(bytes.buffer);
  return width > 0 && height > 0 && pixels.some(pixel => pixel !== pixels[0]);
})"""
)

PIXELS = "root => " + _CANVASES + "(root).map(canvas => canvas.toDataURL()).join()"
