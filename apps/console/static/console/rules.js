// The builder of criteria: rows and groups are added, removed, and ask for what their operator takes. The server reads
// them in the order of the page.
//
//   [data-rows]          where rows stand; [data-top] the outermost
//   [data-row]           a criterion, or a group with rows of its own
//   <template data-template="criterion|group">
(() => {
  const NOTHING = new Set(["exists", "nexists"]);

  function rowsFor(button) {
    const group = button.closest("fieldset[data-row]");
    return group ? group.querySelector(":scope > [data-rows]") : document.querySelector("[data-rows][data-top]");
  }

  function add(button) {
    const template = document.querySelector(`template[data-template="${button.dataset.add}"]`);
    const fresh = document.importNode(template.content, true).querySelector("[data-row]");
    rowsFor(button).append(fresh);
    const path = fresh.querySelector("[name='c.path']");
    path.focus();
    path.setSelectionRange(path.value.length, path.value.length);
  }

  function remove(button) {
    const row = button.closest("[data-row]");
    const next = row.nextElementSibling?.querySelector("[data-remove]") ?? row.parentElement;
    row.remove();
    const target = next.matches("[data-remove]") ? next : document.querySelector("#criteria [data-add]");
    target?.focus();
  }

  // A search takes criteria of its own, which need more than one line; exists takes nothing.
  function follow(select) {
    const row = select.closest("[data-row]");
    const isSearch = select.value === "search";
    row.querySelector("[data-condition]").hidden = !isSearch;
    const pattern = row.querySelector("[data-pattern]");
    const isRight = (pattern.nodeName === "TEXTAREA") === isSearch;
    if (!isRight) {
      const other = document.createElement(isSearch ? "textarea" : "input");
      for (const { name, value } of pattern.attributes) {
        if (name !== "value" && name !== "rows") other.setAttribute(name, value);
      }
      other.value = pattern.value;
      if (isSearch) other.rows = 3;
      pattern.replaceWith(other);
    }
    const shown = row.querySelector("[data-pattern]");
    shown.hidden = NOTHING.has(select.value);
    if (shown.hidden) shown.value = "";
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("#criteria button") : null;
    if (button?.dataset.add) add(button);
    else if (button && "remove" in button.dataset) remove(button);
  });
  document.addEventListener("change", (event) => {
    if (event.target instanceof Element && event.target.matches("[data-operator]")) follow(event.target);
  });
  // Enter in a field must not press the first button of the form, which writes the criteria otherwise.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof Element)) return;
    const isLine = event.target.matches("input:not([type=checkbox])");
    const tester = event.target.closest(".r-tester");
    const form = event.target.closest("[data-rule-form]");
    if (isLine && (tester || form)) event.preventDefault();
    if (tester && isLine) tester.querySelector("[data-test]").click();
    else if (form && (event.ctrlKey || event.metaKey || (isLine && !event.target.closest("#criteria")))) {
      form.requestSubmit(form.querySelector(".r-ending button"));
    }
  });
})();
