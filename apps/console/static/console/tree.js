// JSON as a tree that opens on demand. Made of text nodes only.
//
//   <div data-tree><pre>{…}</pre></div>                   the text in the page
//   <div data-tree data-tree-from="/api/…">…</div>        fetched when the reader asks for it
//   <button data-copy-from="id">                          copies the JSON of that tree
(() => {
  const OPEN_DEPTH = 2;
  const OPEN_AT_MOST = 30;
  const CHUNK = 200;
  const LONG_TEXT = 600;

  // A number as it stood there, where JavaScript cannot hold it exactly.
  class Exact {
    constructor(source) {
      this.source = source;
    }
  }

  function parse(text) {
    return JSON.parse(text, (_key, value, context) =>
      typeof value === "number" && context?.source !== undefined && String(value) !== context.source
        ? new Exact(context.source)
        : value,
    );
  }

  function make(name, className, text) {
    const element = document.createElement(name);
    element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function isBranch(value) {
    return value !== null && typeof value === "object" && !(value instanceof Exact);
  }

  function leafText(value) {
    if (value instanceof Exact) return value.source;
    return typeof value === "string" ? JSON.stringify(value).replaceAll("\\n", "\n") : String(value);
  }

  function leaf(value) {
    const kind = value === null ? "null" : value instanceof Exact ? "number" : typeof value;
    const text = leafText(value);
    if (text.length <= LONG_TEXT) return make("span", `a-tree-leaf a-tree-${kind}`, text);
    const fold = make("details", "a-tree-long");
    fold.append(make("summary", `a-tree-${kind}`, `${text.slice(0, LONG_TEXT)}…`), make("span", `a-tree-leaf a-tree-${kind}`, text));
    return fold;
  }

  function countOf(value) {
    const count = Array.isArray(value) ? value.length : Object.keys(value).length;
    const [one, many] = Array.isArray(value) ? ["item", "items"] : ["key", "keys"];
    return count === 0 ? (Array.isArray(value) ? "[ ]" : "{ }") : `${count} ${count === 1 ? one : many}`;
  }

  function fill(list, entries, depth) {
    if (entries.length > CHUNK) {
      for (let start = 0; start < entries.length; start += CHUNK) {
        const part = entries.slice(start, start + CHUNK);
        list.append(fold(`${part[0][0]} … ${part.at(-1)[0]}`, "", () => part, depth, false));
      }
      return;
    }
    for (const [key, value] of entries) list.append(node(key, value, depth));
  }

  function fold(key, count, entriesOf, depth, isOpen) {
    const item = make("li", "");
    const details = make("details", "");
    const summary = make("summary", "");
    summary.append(make("span", "a-tree-key", key), make("span", "a-tree-count", count));
    details.append(summary);
    let isFilled = false;
    const open = () => {
      if (isFilled) return;
      isFilled = true;
      const list = make("ul", "");
      fill(list, entriesOf(), depth + 1);
      details.append(list);
    };
    details.addEventListener("toggle", open);
    if (isOpen) {
      open();
      details.open = true;
    }
    item.append(details);
    return item;
  }

  function node(key, value, depth) {
    if (isBranch(value) && Object.keys(value).length > 0) {
      const isOpen = depth < OPEN_DEPTH && Object.keys(value).length <= OPEN_AT_MOST;
      return fold(key, countOf(value), () => Object.entries(value), depth, isOpen);
    }
    const item = make("li", "a-tree-row");
    item.append(make("span", "a-tree-key", key), isBranch(value) ? make("span", "a-tree-count", countOf(value)) : leaf(value));
    return item;
  }

  function build(box, text) {
    const list = make("ul", "a-tree");
    const value = parse(text);
    if (isBranch(value)) fill(list, Object.entries(value), 0);
    else list.append(node("", value, 0));
    list.setAttribute("data-made", "");
    box.querySelector(":scope > ul[data-made]")?.remove();
    box.append(list);
    box.setAttribute("data-made-tree", "");
    box.treeText = text;
  }

  function offer(box) {
    if (box.querySelector("button")) return;
    const button = make("button", "a-button a-button-small", "Load it here");
    button.type = "button";
    button.setAttribute("data-made", "");
    button.addEventListener("click", async () => {
      button.disabled = true;
      const answer = await fetch(box.dataset.treeFrom);
      if (answer.ok) {
        build(box, await answer.text());
        button.remove();
      } else {
        button.textContent = `This did not work (${answer.status}); try again`;
        button.disabled = false;
      }
    });
    box.append(button);
  }

  function show(box) {
    const text = box.querySelector("pre")?.textContent;
    if (text === undefined) {
      if (box.dataset.treeFrom && box.treeText === undefined) offer(box);
    } else if (text !== box.treeText) {
      build(box, text);
    }
  }

  function showAll() {
    document.querySelectorAll("[data-tree]").forEach(show);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy-from]");
    if (!button) return;
    const box = document.getElementById(button.dataset.copyFrom);
    const text = box.treeText ?? (await (await fetch(box.dataset.treeFrom)).text());
    await navigator.clipboard?.writeText(text);
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1500);
  });
  document.addEventListener("attune:refreshed", showAll);
  showAll();
})();
