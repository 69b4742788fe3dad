// Tells what was clicked in the figure beside it, of what `page.js` hears of: an entry of a legend, a node of a stream.

const heard = new WeakMap(); // Streamlit calls this anew with every change, and cleans up after the last call alone.

export default function ({ parentElement, setTriggerValue }) {
  heard.get(parentElement)?.abort();
  const hearing = new AbortController(), { signal } = hearing;
  heard.set(parentElement, hearing);
  const box = parentElement.closest('[class*="st-key-panel-"]');
  box?.addEventListener("promptpilot-over", (event) => event.preventDefault(), { signal });
  box?.addEventListener(
    "promptpilot-click",
    (event) => {
      event.preventDefault();
      setTriggerValue("said", event.detail);
    },
    { signal },
  );
  return () => hearing.abort();
}
