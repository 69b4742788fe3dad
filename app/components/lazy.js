// Tells once that the box around it came near the view, stayed there for a moment, and keeps nothing in view waiting.

const MOMENT = 120;
const APART = 25; // Streamlit sends what is set at one time as of one fragment: the others would not run.

export default function ({ parentElement, setStateValue }) {
  const root = document.querySelector('[data-testid="stMain"]');
  const box = parentElement.closest(".stVerticalBlock") ?? parentElement;
  let staying;
  const tell = async () => {
    watching.disconnect();
    await globalThis.promptpilotViewDrawn?.(box);
    const before = globalThis.promptpilotTold ?? Promise.resolve();
    globalThis.promptpilotTold = before.then(() => {
      if (parentElement.isConnected) setStateValue("near", true);
      return new Promise((resolve) => setTimeout(resolve, APART));
    });
  };
  const watching = new IntersectionObserver(
    (changes) => {
      clearTimeout(staying);
      if (changes.at(-1).isIntersecting) staying = setTimeout(tell, MOMENT);
    },
    { root, rootMargin: "25% 0px" },
  );
  watching.observe(box);
  return () => {
    clearTimeout(staying);
    watching.disconnect();
  };
}
