// The list of executions: what is chosen stays chosen when the rows are loaded anew, also what is no longer on the page.
(() => {
  const form = document.querySelector("[data-chosen]");
  const filters = document.querySelector("[data-filters]");
  const chosen = new Set();

  // Empty fields would only make the address long.
  filters?.addEventListener("formdata", (event) => {
    for (const name of new Set(event.formData.keys())) {
      const values = event.formData.getAll(name).filter((value) => value !== "");
      event.formData.delete(name);
      for (const value of values) event.formData.append(name, value);
    }
  });
  if (!form) return;

  const words = form.querySelector("[data-chosen-words]");
  const boxes = () => [...document.querySelectorAll("#rows input[name='id']")];

  function show() {
    const here = boxes();
    for (const box of here) box.checked = chosen.has(box.value);
    const gone = [...chosen].filter((id) => !here.some(({ value }) => value === id));
    for (const input of form.querySelectorAll("input[name='id']")) input.remove();
    for (const id of gone) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: id }));
    const rest = gone.length ? ` (${gone.length} no longer on this page)` : "";
    words.textContent = chosen.size ? `${chosen.size} chosen${rest}:` : "With the chosen ones:";
    for (const button of form.querySelectorAll("[data-needs-choice]")) {
      button.disabled = chosen.size === 0;
      button.toggleAttribute("data-disabled", button.disabled);
    }
    form.classList.toggle("e-any-chosen", chosen.size > 0);
    const all = document.querySelector("#rows [data-choose-all]");
    if (all) {
      all.hidden = false;
      all.checked = here.length > 0 && here.every(({ checked }) => checked);
      all.indeterminate = !all.checked && here.some(({ checked }) => checked);
    }
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("#rows [data-choose-all]")) {
      for (const box of boxes()) chosen[event.target.checked ? "add" : "delete"](box.value);
    } else if (event.target.matches("#rows input[name='id']")) {
      chosen[event.target.checked ? "add" : "delete"](event.target.value);
    } else {
      return;
    }
    show();
  });

  // Text that somebody is marking is not taken away under the mouse.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const marked = getSelection();
    if (event.target.id === "rows" && marked && !marked.isCollapsed && event.target.contains(marked.anchorNode)) {
      event.preventDefault();
    }
  });

  // What has an id keeps the focus by itself; a scrolled table keeps its place by this.
  let left = 0;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id === "rows") left = event.target.querySelector(".a-table-frame")?.scrollLeft ?? 0;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "rows") return;
    show();
    const frame = document.querySelector("#rows .a-table-frame");
    if (frame) frame.scrollLeft = left;
  });

  for (const box of boxes()) if (box.checked) chosen.add(box.value); // after Back
  addEventListener("pageshow", () => {
    for (const box of boxes()) if (box.checked) chosen.add(box.value);
    show();
  });
  show();
})();
