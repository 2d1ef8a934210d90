// For what changes without telling: heartbeats, the log of a build. An element with
// hx-trigger="tick-2s from:body" (or tick-5s) is loaded again so often, while the page is seen.
(() => {
  for (const seconds of [2, 5]) {
    setInterval(() => {
      if (!document.hidden) htmx.trigger(document.body, `tick-${seconds}s`);
    }, seconds * 1000);
  }
  // A log stays at its end while it grows, unless somebody scrolled up to read.
  let wasAtEnd = true;
  document.addEventListener("htmx:beforeSwap", () => {
    const log = document.querySelector("[data-tail]");
    wasAtEnd = !log || log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
  });
  function showEnd() {
    const log = document.querySelector("[data-tail]");
    if (log && wasAtEnd) log.scrollTop = log.scrollHeight;
  }
  document.addEventListener("htmx:afterSwap", showEnd);
  showEnd();
})();
