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
