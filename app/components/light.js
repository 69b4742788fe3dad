// Tells when the page was turned from light to dark or back: a transition ends as its colors change, whoever turned it.

export default function ({ parentElement, setTriggerValue }) {
  const lit = parentElement.querySelector(".lit"), seen = () => getComputedStyle(lit).color;
  lit.shown ??= seen();
  lit.ontransitionend = () => {
    if (matchMedia("print").matches || lit.shown === seen()) return;  // paper is always light
    lit.shown = seen();
    setTriggerValue("turned", true);
  };
}
