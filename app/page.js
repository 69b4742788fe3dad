// What a style sheet cannot know about the page that is about to be printed.
addEventListener("beforeprint", () => {
  document.documentElement.style.setProperty("--window-width", innerWidth);
  const page = document.querySelector(".stApp");
  if (!page) return;
  const [red, green, blue] = getComputedStyle(page).backgroundColor.match(/\d+/g).map(Number);
  page.dataset.onPaper = red + green + blue < 3 * 128 ? "dark" : "light";
});
