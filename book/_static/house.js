// One button on each page that opens all code, or closes it again.
document.addEventListener("DOMContentLoaded", () => {
  const folds = [...document.querySelectorAll("details.hide.above-input, details.hide.cell-input")];
  const row = document.querySelector("p.downloads");
  if (!folds.length || !row) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "show-code";
  const name = () => (button.textContent = folds.every((fold) => fold.open) ? "Hide all code" : "Show all code");
  button.addEventListener("click", () => {
    const open = !folds.every((fold) => fold.open);
    folds.forEach((fold) => (fold.open = open));
    name();
  });
  name();
  row.append(button);
});

// Bokeh reads the theme's colours as it paints, so it paints anew when the theme changes.
new MutationObserver(() => {
  const plots = window.Bokeh?.index.query((view) => "request_repaint" in view) ?? [];
  for (const plot of plots) plot.request_repaint();
}).observe(document.documentElement, { attributeFilter: ["data-theme"] });
