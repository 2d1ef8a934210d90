// What a form made of a schema has beyond HTML: a hint whether JSON is valid, several lines where they are pasted,
// and the reader's own clock. Without it the form works as it stands.
(() => {
  const form = document.querySelector("[data-run-form]");
  if (!form) return;

  function make(name, properties) {
    return Object.assign(document.createElement(name), properties);
  }

  // "… at position 17" as line and column; browsers say it in different ways.
  function placeOf(error, text) {
    const position = Number(/position (\d+)/.exec(error.message)?.[1] ?? NaN);
    if (Number.isNaN(position)) return error.message;
    const before = text.slice(0, position).split("\n");
    return `not JSON: line ${before.length}, column ${before.at(-1).length + 1}`;
  }

  function watchJson(input) {
    const state = make("span", { className: "a-json-state", id: `${input.id}-state` });
    state.setAttribute("role", "status");
    const format = make("button", { type: "button", className: "a-text-button", textContent: "Format" });
    format.setAttribute("aria-label", `Format ${input.name.slice(2)}`);
    const tools = make("div", { className: "a-field-tools" });
    tools.append(format, state);
    input.after(tools);

    function check() {
      state.dataset.state = "";
      state.textContent = "";
      if (!input.value.trim()) return null;
      try {
        const value = JSON.parse(input.value);
        state.dataset.state = "right";
        state.textContent = "valid JSON";
        return { value };
      } catch (error) {
        state.dataset.state = "wrong";
        state.textContent = placeOf(error, input.value);
        return null;
      }
    }

    format.addEventListener("click", () => {
      const parsed = check();
      // A number that this browser cannot hold exactly would come back changed: then the text stays as it is.
      const isExact = parsed && !/\d{16}/.test(input.value);
      if (isExact) input.value = JSON.stringify(parsed.value, null, 2);
      else if (parsed) state.textContent = "valid JSON; left as it is, because of its long numbers";
      input.rows = Math.min(20, Math.max(3, input.value.split("\n").length));
    });
    input.addEventListener("input", check);
    check();
  }

  // One line becomes several when several are pasted: an <input> would join them, and break a key.
  function takeLines(input) {
    input.addEventListener("paste", (event) => {
      const text = event.clipboardData?.getData("text") ?? "";
      if (!text.replace(/\r?\n$/, "").includes("\n")) return;
      event.preventDefault();
      const area = make("textarea", { id: input.id, name: input.name, rows: 6, spellcheck: false });
      area.className = input.type === "password" ? `${input.className} a-masked` : input.className;
      for (const name of ["required", "aria-describedby", "aria-invalid", "autocomplete", "placeholder"]) {
        if (input.hasAttribute(name)) area.setAttribute(name, input.getAttribute(name));
      }
      const { value, selectionStart, selectionEnd } = input;
      area.value = value.slice(0, selectionStart) + text.replace(/\r\n/g, "\n") + value.slice(selectionEnd);
      input.replaceWith(area);
      area.focus();
    });
  }

  function useOwnClock() {
    const moment = form.querySelector("#not_before");
    const clock = form.querySelector("[data-clock]");
    if (!moment || !clock) return;
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    clock.textContent = `In your time (${zone}).`;
    form.addEventListener("submit", () => {
      const chosen = moment.value ? new Date(moment.value) : new Date();
      form.elements.utc_offset_min.value = String(chosen.getTimezoneOffset());
    });
  }

  form.querySelectorAll("[data-json-input]").forEach(watchJson);
  form.querySelectorAll("input[type=text], input[type=password]").forEach(takeLines);
  useOwnClock();
  document.querySelector("[data-summary]")?.focus();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) form.requestSubmit();
  });
})();
