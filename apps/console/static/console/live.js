// Keeps a page as fresh as the system behind it. A page says what it is about:
//
//   any element with hx-trigger="changed-execution from:body" (or -operation,
//   -worker, -event, or changed-execution-17) is loaded again when such a thing changes, at most once a second.
//
// One stream of events per visible page; a hidden page lets go of it (browsers allow few connections) and looks again
// when it is shown. Without a stream it looks every five seconds.
(() => {
  const LOOK_EVERY_MS = 5000;
  const TOLD_AT_MOST_EVERY_MS = 1000;
  const wanted = [...document.querySelectorAll("[hx-trigger*='changed-']")].flatMap((element) =>
    [...element.getAttribute("hx-trigger").matchAll(/changed-([a-z]+)(-[0-9]+)?/g)].map(([name, kind]) => ({ name, kind })),
  );
  if (wanted.length === 0) return;

  const names = new Set(wanted.map(({ name }) => name));
  const kinds = [...new Set(wanted.map(({ kind }) => kind))].sort();
  const badge = document.querySelector("[data-live]");
  let source = null;
  let polling = null;
  const due = new Map();

  function show(text) {
    if (!badge) return;
    badge.hidden = false;
    badge.dataset.state = text;
    badge.querySelector("[data-live-text]").textContent = text;
  }

  function tell(name) {
    if (!names.has(name) || due.has(name)) return;
    due.set(
      name,
      setTimeout(() => {
        due.delete(name);
        htmx.trigger(document.body, name);
      }, TOLD_AT_MOST_EVERY_MS),
    );
  }

  function tellAll() {
    names.forEach(tell);
  }

  function poll() {
    polling ??= setInterval(tellAll, LOOK_EVERY_MS);
  }

  function open() {
    close();
    source = new EventSource(`/api/v1/stream?kinds=${kinds.join(",")}`);
    source.onopen = () => {
      clearInterval(polling);
      polling = null;
      show("live");
      // What changed after the page was made and before the stream was open was told to nobody.
      tellAll();
    };
    source.onerror = () => {
      show("reconnecting");
      if (source.readyState === EventSource.CLOSED) show("every 5 s");
      poll();
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        tell(`changed-${kind}`);
        tell(`changed-${kind}-${JSON.parse(event.data).id}`);
      });
    }
  }

  function close() {
    source?.close();
    source = null;
    clearInterval(polling);
    polling = null;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
    } else {
      open();
      tellAll();
    }
  });
  addEventListener("pagehide", close);
  // A session that ended answers with the login page: show that, instead of swapping nothing in.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.responseURL.includes("/login/")) {
      event.preventDefault();
      location.reload();
    }
  });
  if (!document.hidden) open();
})();
