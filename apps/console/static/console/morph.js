// Brings a page up to date in place: what did not change stays the same element, so folds, selection, focus and
// scrolling survive.
//
//   <div data-live-page="changed-execution-17" hx-trigger="…" hidden>    which events (told by live.js) mean a look
//   <section data-live-part id="…">                                      what is brought up to date
//   data-kept    only its attributes follow, besides those its own script gave it; that script fills it
//   data-made…   elements and attributes added by scripts; they stay
(() => {
  const page = document.querySelector("[data-live-page]");
  let isLooking = false;
  let isAskedAgain = false;

  function isMade(node) {
    return node.nodeType === Node.ELEMENT_NODE && node.hasAttribute("data-made");
  }

  function keyOf(node) {
    return node.nodeType === Node.ELEMENT_NODE ? `${node.nodeName}#${node.id}` : node.nodeName;
  }

  function isOwn(element, name) {
    return name.startsWith("data-made") || name === "data-copied" || (name === "open" && element.nodeName === "DETAILS");
  }

  function morphAttributes(old, fresh) {
    const leaving = old.hasAttribute("data-kept") ? [] : [...old.attributes];
    for (const { name } of leaving) {
      if (!fresh.hasAttribute(name) && !isOwn(old, name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (!isOwn(old, name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  }

  function skipMade(node) {
    while (node && isMade(node)) node = node.nextSibling;
    return node;
  }

  function morphChildren(old, fresh) {
    let next = skipMade(old.firstChild);
    for (const child of fresh.childNodes) {
      let match = next && keyOf(next) === keyOf(child) ? next : null;
      if (!match && child.id) match = [...old.children].find((other) => other.id === child.id) ?? null;
      if (match) {
        if (match === next) next = skipMade(next.nextSibling);
        else old.insertBefore(match, next);
        morph(match, child);
      } else {
        old.insertBefore(document.importNode(child, true), next);
      }
    }
    while (next) {
      const gone = next;
      next = skipMade(next.nextSibling);
      gone.remove();
    }
  }

  function morph(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    // Its text is how long ago it was, by now.
    if (old.matches("time[data-ago]") && old.dateTime === fresh.dateTime) return;
    morphAttributes(old, fresh);
    if (!old.hasAttribute("data-kept")) morphChildren(old, fresh);
  }

  async function look() {
    const answer = await fetch(location.href.split("#")[0], { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname.includes("/login/")) location.reload();
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of fresh.querySelectorAll("[data-live-part]")) {
      const old = document.getElementById(part.id);
      if (old) morph(old, part);
    }
    const state = fresh.querySelector("[data-live-page]");
    if (state) page.dataset.livePage = state.dataset.livePage;
    document.dispatchEvent(new CustomEvent("attune:refreshed"));
    document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  }

  // One look at a time; what changes meanwhile is looked at after it.
  async function refresh() {
    if (isLooking) {
      isAskedAgain = true;
      return;
    }
    isLooking = true;
    try {
      await look();
    } catch {
      // The network is away; the next event, or the look every five seconds, comes again.
    }
    isLooking = false;
    if (isAskedAgain) {
      isAskedAgain = false;
      refresh();
    }
  }

  window.attuneMorph = { morph, refresh };
  for (const name of page?.dataset.livePage.split(" ") ?? []) {
    document.body.addEventListener(name, () => {
      // What it waited for may be over by now, and then only its own changes matter.
      if (page.dataset.livePage.split(" ").includes(name)) refresh();
    });
  }
})();
