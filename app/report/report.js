// Draws the figures: in the reader's colors on screen, dark on white and as wide as the sheet on paper.
(() => {
  "use strict";
  const specs = JSON.parse(document.getElementById("figures").textContent);
  const boxes = [...document.querySelectorAll("[data-figure]")];
  const details = [...document.querySelectorAll("details:not([open])")];
  const config = { displayModeBar: false, displaylogo: false, scrollZoom: false, responsive: true };
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const look = (onPaper) => ({
    font: { color: color(onPaper ? "ink" : "text"), family: getComputedStyle(document.body).fontFamily, size: 12 },
    paper_bgcolor: color("background"),
    hoverlabel: { bgcolor: color("background"), bordercolor: color("border"), font: { color: color("text") } },
  });
  const draw = (box, onPaper) => {
    const { data, layout } = specs[box.dataset.figure];
    const size = { height: box.clientHeight, ...(onPaper ? { width: box.clientWidth } : { autosize: true }) };
    return Plotly.newPlot(box, data, { ...layout, ...look(onPaper), ...size }, config);
  };
  const put = (onPaper) => {
    document.body.classList.toggle("on-paper", onPaper);
    details.forEach((one) => { one.open = onPaper; });
    return Promise.all(boxes.map((box) => draw(box, onPaper)));
  };

  addEventListener("beforeprint", () => put(true));
  addEventListener("afterprint", () => put(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => put(false));
  put(false).then(() => { document.documentElement.dataset.drawn = String(boxes.length); });
})();
