// Follows the log of an operation while it runs:
// <pre data-follow="address of its events" data-about="name of the event that loads the facts anew">
(() => {
  const FACTS_AT_MOST_EVERY_MS = 300;
  const view = document.querySelector("[data-follow]");
  if (!view) return;
  let due = null;

  function tellOthers() {
    due ??= setTimeout(() => {
      due = null;
      htmx.trigger(document.body, view.dataset.about);
    }, FACTS_AT_MOST_EVERY_MS);
  }

  function add({ offset, text }) {
    const isAtEnd = view.scrollTop + view.clientHeight >= view.scrollHeight - 20;
    // The stream begins with what the page already shows.
    if (offset === 0) view.textContent = "";
    view.append(text);
    if (isAtEnd) view.scrollTop = view.scrollHeight;
  }

  const source = new EventSource(view.dataset.follow);
  source.addEventListener("log", (event) => {
    add(JSON.parse(event.data));
    tellOthers();
  });
  source.addEventListener("end", () => {
    source.close();
    tellOthers();
  });
  addEventListener("pagehide", () => source.close());
})();
