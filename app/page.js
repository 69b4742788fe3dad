// Until the first tiles are on the screen, or cannot come: what takes the browser longest is not to keep them waiting.
const PATIENCE = 3000, TILE = '[data-testid="stMetricValue"], [data-testid="stAlert"]';
globalThis.promptpilotTilesShown = () => new Promise((resolve) => {
  const since = performance.now();
  const look = () => {
    const rows = [...document.querySelectorAll(".st-key-kpis, .st-key-slos")];
    const shown = !rows.length || rows.some((row) => row.querySelector(TILE));
    if (!shown && performance.now() - since < PATIENCE) return setTimeout(look, 10);
    requestAnimationFrame(() => setTimeout(resolve)); // painted,
    setTimeout(resolve, 100); // or in a tab that is hidden, where nothing is
  };
  look();
});

// A figure, a table, or the words that stand instead; and what is yet to come, or to be taken away.
const DRAWN = '.js-plotly-plot .main-svg, canvas, [data-testid="stCaptionContainer"]';
const BLANK = '[data-testid="stSkeleton"], [data-stale="true"]';

// Until all that is in view is drawn, or `place` has come into view itself: what lies below keeps nothing waiting.
globalThis.promptpilotViewDrawn = (place) => new Promise((resolve) => {
  const since = performance.now();
  const isInView = (one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
  };
  const inView = (selector) => [...document.querySelectorAll(`[data-testid="stMain"] :is(${selector})`)].filter(isInView);
  const isDrawn = () =>
    inView('[class*="st-key-panel-"]').every((panel) => panel.querySelector(DRAWN)) && !inView(BLANK).length;
  const look = () => {
    const isOver = !place.isConnected || performance.now() - since > PATIENCE;
    if (isOver || isInView(place) || isDrawn()) resolve();
    else setTimeout(look, 50);
  };
  look();
});

// Text that is checked while it is typed: a pause commits it, as Ctrl+Enter would.
let typed;
addEventListener("input", ({ target }) => {
  if (!target.matches("input[type='text'], textarea") || !target.closest('[class*="st-key-live-"]')) return;
  if (target.getAttribute("role") === "combobox") return;
  clearTimeout(typed);
  const enter = { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
  typed = setTimeout(() => target.isConnected && target.dispatchEvent(new KeyboardEvent("keydown", enter)), 400);
});

// What a style sheet cannot know about the page that is about to be printed.
addEventListener("beforeprint", () => {
  document.documentElement.style.setProperty("--window-width", innerWidth);
  const page = document.querySelector(".stApp");
  if (!page) return;
  const [red, green, blue] = getComputedStyle(page).backgroundColor.match(/\d+/g).map(Number);
  page.dataset.onPaper = red + green + blue < 3 * 128 ? "dark" : "light";
});

// How long this page took in this browser, told once a visit: from the address or the click that led here, until its
// title, its first tile, its first figure and all that is in view were seen. Nothing of who looks, nor of what is shown.
{
  const MOST = 60000, REST = 300;
  const PAUSE = 50; // told that much late at most: to look at every frame took a tenth of what opening a page does
  const main = () => document.querySelector('[data-testid="stMain"]');
  const fresh = (selector) => [...(main()?.querySelectorAll(selector) ?? [])].some((one) => !one.closest(BLANK));
  const below = (panel) => panel.querySelector(".awaited") && panel.getBoundingClientRect().top > innerHeight;
  const drawn = (panel) => panel.querySelector(DRAWN) || below(panel);
  const rests = () =>
    document.querySelector('[data-test-script-state="notRunning"]') && !main().querySelector(BLANK) &&
    [...main().querySelectorAll('[class*="st-key-panel-"]')].every(drawn);
  const title = () => main()?.querySelector("h1")?.textContent;
  const steps = {
    kpis: () => fresh('[data-testid="stMetricValue"]'),
    first_figure: () => fresh(".js-plotly-plot .main-svg"),
  };
  let visit = null, looking;

  const begin = (at, before) => {
    visit = document.hidden ? null : { at, before, told: {}, still: null };
    lookAgain();
  };
  const lookAgain = () => {
    clearTimeout(looking);
    looking = setTimeout(look, PAUSE);
  };
  const look = () => {
    if (!visit) return;
    const { at, before, told } = visit, took = Math.round(performance.now() - at);
    if (took > MOST) return end();
    if (!("navigation" in told) && title() && title() !== before) told.navigation = took;
    if ("navigation" in told) {
      for (const [step, isSeen] of Object.entries(steps)) if (!(step in told) && isSeen()) told[step] = took;
      // Between two runs of its script a page is still for a moment.
      visit.still = rests() ? visit.still ?? took : null;
      if (visit.still !== null && took - visit.still >= REST) {
        if ("first_figure" in told) told.all_figures = Math.max(visit.still, told.first_figure);
        return end();
      }
    }
    lookAgain();
  };
  const end = () => {
    const told = visit?.told ?? {}, isDocument = visit?.at === 0;
    visit = null;
    if (!("navigation" in told)) return;
    if (isDocument && globalThis.promptpilotFirstPaint) told.kpis = Math.round(promptpilotFirstPaint);
    const page = location.pathname.split("/").pop() || "executive";
    const body = new Blob([JSON.stringify({ page, ...told })], { type: "application/json" });
    navigator.sendBeacon("metrics/page-times", body);
  };

  // Who does something meanwhile has the page made anew: what was reached until then counts.
  const interrupt = ({ target }) => {
    if (visit) end();
    const link = target.closest?.("a[href]"), there = link && new URL(link.href);
    if (!there || there.origin !== location.origin || link.target === "_blank") return;
    if (there.pathname !== location.pathname) begin(performance.now(), title());
  };
  addEventListener("click", interrupt, true);
  addEventListener("keydown", () => visit && end(), true);
  document.addEventListener("visibilitychange", () => document.hidden && (visit = null));
  begin(0);
}

// Somebody's zoom stays when a figure is drawn anew with newer data, until they reset it or ask for something else; and
// what a drag does there: a double click resets a zoom only where a drag zooms.
// Streamlit mounts another figure then; its own way to change one, `onUpdate`, is among the properties of the component.
const zoomIsKept = (() => {
  const TRIES = 5, AGAIN = 200; // milliseconds
  const zooms = new Map();
  const key = (figure) => figure.closest('[class*="st-key-chart-"]')?.className.match(/st-key-chart-\S+/)?.[0];
  const propertiesOf = (figure) => {
    const name = Object.keys(figure).find((one) => one.startsWith("__reactFiber$"));
    for (let at = figure[name]; at; at = at.return) if (at.memoizedProps?.onUpdate) return at.memoizedProps;
  };
  const same = (one, other) => one.every((end, place) => new Date(end) - new Date(other[place]) === 0);

  return (figure) => {
    const axis = figure.layout.xaxis, name = key(figure);
    if (!name || axis?.type !== "date" || !axis.range) return;
    const whole = [...axis.range];
    figure.on("plotly_relayout", (change) => {
      if (!Object.keys(change ?? {}).some((one) => one.startsWith("xaxis.") || one === "dragmode")) return;
      const { dragmode, xaxis: { range, autorange } } = figure.layout;
      if (autorange || same(range, whole)) zooms.delete(name);
      else zooms.set(name, { range: [...range], dragmode, address: location.href });
    });
    // While a page is busy the component may yet put its own layout in the place of what it was told.
    const restore = (tries) => {
      const { range, dragmode, address } = zooms.get(name) ?? {};
      if (address !== location.href || !figure.isConnected || same(figure.layout.xaxis.range, range)) return;
      const { onUpdate, data, layout, frames } = propertiesOf(figure) ?? {};
      onUpdate?.({ data, frames, layout: { ...layout, dragmode, xaxis: { ...layout.xaxis, range, autorange: false } } });
      if (tries > 1) setTimeout(() => restore(tries - 1), AGAIN);
    };
    restore(TRIES);
  };
})();

// What Streamlit tells nothing of: a click on an entry of a legend, or on a node of a stream. The box around the figure
// hears of it, and prevents what Plotly does where the entry or node stands for something (`components/pointed.js`).
// An entry shows it alone on the whole page, as a click on its mark does: what Plotly hides is there again after the
// next refresh. With Shift it is hidden all the same.
const clicksAreTold = (figure) => {
  const told = (what, values) =>
    Array.isArray(values) && values.length > 0 &&
    !figure.dispatchEvent(new CustomEvent(`promptpilot-${what}`, { detail: values, bubbles: true, cancelable: true }));
  const node = ({ points }) => (points?.[0]?.sourceLinks ? points[0].customdata : null);
  figure.on("plotly_hover", (event) => figure.classList.toggle("answers", told("over", node(event))));
  figure.on("plotly_click", (event) => { told("click", node(event)); });
  figure.on("plotly_legendclick", ({ curveNumber, data, event }) =>
    event.shiftKey || !told("click", data[curveNumber].meta));
};

{
  const known = new WeakSet();
  new MutationObserver(() => {
    for (const figure of document.querySelectorAll(".js-plotly-plot")) {
      if (known.has(figure) || !figure.layout || !figure.on || !figure.querySelector(".main-svg")) continue;
      known.add(figure);
      zoomIsKept(figure);
      clicksAreTold(figure);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
}
