// The tiles of a page before the page: asked for before any script is, shown until Streamlit's own are there, in their place.
{
  const LONGEST = 15000; // what a page that does not come up said then is no longer what is
  const OWN = '.st-key-kpis [data-testid="stMetricValue"], .st-key-slos [data-testid="stMetricValue"]';
  const page = location.pathname.split("/").pop() || "executive";
  const place = `promptpilot-tiles-${page}`, chosen = localStorage.getItem(`stActiveTheme-${location.pathname}-v2`) ?? "";
  const box = document.createElement("div");
  box.className = "first-paint";
  box.inert = true; // the page's own, in a moment, can be used and are read out
  box.style.colorScheme = /dark/i.test(chosen) ? "dark" : /light/i.test(chosen) ? "light" : "light dark";
  const [width, top] = JSON.parse(localStorage.getItem(place) ?? "[]");
  if (width === innerWidth) box.style.top = `${top}px`;

  const remembered = (tile) => {
    const { top } = tile.closest(".st-key-kpis, .st-key-slos").getBoundingClientRect();
    const scrolled = tile.closest('[data-testid="stMain"]').scrollTop;
    localStorage.setItem(place, JSON.stringify([innerWidth, Math.round(top + scrolled)]));
  };
  const watching = new MutationObserver(() => {
    const tile = document.querySelector(OWN);
    if (!tile) return;
    gone();
    requestAnimationFrame(() => tile.isConnected && remembered(tile));
  });
  const gone = () => {
    watching.disconnect();
    box.remove();
    box.isOver = true;
  };
  watching.observe(document.documentElement, { childList: true, subtree: true });
  for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, gone, { once: true, passive: true });
  setTimeout(gone, LONGEST);
  addEventListener("beforeprint", gone, { once: true });

  const loaded = new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }));
  fetch(`first-paint/${page}${location.search}`, { priority: "high" }) // dozens of scripts are asked for besides
    .then((answer) => (answer.status === 200 ? answer.text() : ""))
    .then(async (html) => {
      if (!document.body) await loaded;
      if (!html || box.isOver) return;
      box.innerHTML = html;
      document.body.append(box);
      requestAnimationFrame(() => { globalThis.promptpilotFirstPaint = performance.now(); }); // told by `page.js`
    })
    .catch(() => {}); // the page will say what is wrong
}
