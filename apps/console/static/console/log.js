// The log viewer: follows, searches, filters, and tells what it does.
//
//   <div data-log="/api/v1/executions/17/logs?attempt=1" data-log-name="file name for the download"
//        data-log-next="what is said when another log follows"></div>
//
// Keys, while nothing is typed: / search, n N next and previous hit, g G first and last line, f follow, t times, w wrap.
(() => {
  const { Lines, View, follow, hitsIn } = window.attuneLog;
  const SLICE_MS = 8;
  const MOST_HITS = 100_000;
  const TELL_EVERY_MS = 2000;
  const TOLD_LINES = 5;
  const KEEP = "attune-log";

  function make(name, properties = {}, ...children) {
    const { className, data, aria, ...others } = properties;
    const element = Object.assign(document.createElement(name), others);
    if (className) element.className = className;
    for (const [key, value] of Object.entries(data ?? {})) element.dataset[key] = value;
    for (const [key, value] of Object.entries(aria ?? {})) element.setAttribute(key === "role" ? key : `aria-${key}`, value);
    element.append(...children);
    return element;
  }

  function symbol(name) {
    return make("span", { className: "material-symbols-outlined", aria: { hidden: "true" }, textContent: name });
  }

  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(KEEP)) ?? {};
    } catch {
      return {};
    }
  }

  function remember(change) {
    try {
      localStorage.setItem(KEEP, JSON.stringify({ ...remembered(), ...change }));
    } catch {
      // A browser without storage forgets it with the page.
    }
  }

  class Viewer {
    #box;
    #parts = {};
    #lines = new Lines();
    #view;
    #reading = null;
    #stream = "";
    #hits = [];
    #searched = 0;
    #hit = -1;
    #isSearching = false;
    #isOver = false;
    #wanted = 0;
    #untold = [];
    #untoldCount = 0;

    constructor(box) {
      this.#box = box;
      this.#build();
      this.#start();
    }

    // --- what it is made of ---------------------------------------------------------------------
    #build() {
      const search = make("input", {
        type: "search", className: "a-input a-input-small a-log-search", placeholder: "Search", autocomplete: "off",
        spellcheck: false, aria: { label: "Search in the log", keyshortcuts: "/" },
      });
      const count = make("span", { className: "a-log-count", aria: { role: "status" } });
      const previous = this.#button("keyboard_arrow_up", "Previous hit (N)", () => this.#go(-1));
      const next = this.#button("keyboard_arrow_down", "Next hit (n)", () => this.#go(1));
      const filter = make(
        "select",
        { className: "a-input a-input-small", aria: { label: "Streams" } },
        ...[["", "Both streams"], ["stdout", "stdout"], ["stderr", "stderr"]].map(([value, text]) => new Option(text, value)),
      );
      const stick = this.#toggle("Follow", "f", (isOn) => this.#view.stick(isOn));
      const times = this.#toggle("Times", "t", (isOn) => this.#showTimes(isOn));
      const wrap = this.#toggle("Wrap", "w", (isOn) => this.#wrap(isOn));
      const download = make("a", { className: "a-button a-button-small" }, symbol("download"), "Download");
      const state = make("span", { className: "a-log-state", aria: { role: "status" } });
      const bar = make(
        "div",
        { className: "a-log-bar", aria: { role: "group", label: "Log" } },
        make("span", { className: "a-log-find" }, search, count, previous, next),
        filter, stick, times, wrap, download, state,
      );
      const scroller = make("div", {
        className: "a-log-scroll", tabIndex: 0, aria: { role: "log", live: "off", label: "Output" },
      });
      const empty = make("p", { className: "a-log-empty", hidden: true });
      const voice = make("div", { className: "a-hidden", aria: { live: "polite" } });
      this.#box.replaceChildren(bar, make("div", { className: "a-log-frame" }, scroller, empty), voice);
      this.#parts = { search, count, previous, next, filter, stick, times, wrap, download, state, scroller, empty, voice };
      this.#view = new View(scroller, this.#lines);
      this.#view.onStuck = (isStuck) => stick.setAttribute("aria-pressed", String(isStuck));
      stick.setAttribute("aria-pressed", "true");
      search.addEventListener("input", () => this.#search(search.value));
      search.addEventListener("keydown", (event) => this.#searchKey(event));
      filter.addEventListener("change", () => this.#filter(filter.value));
      scroller.addEventListener("click", (event) => this.#clicked(event));
      document.addEventListener("keydown", (event) => this.#key(event));
      addEventListener("hashchange", () => this.#toHash());
      setInterval(() => this.#tell(), TELL_EVERY_MS);
      const kept = remembered();
      if (kept.times) times.click();
      if (kept.wrap ?? matchMedia("(max-width: 600px)").matches) wrap.click();
    }

    #button(icon, label, act) {
      const button = make("button", { type: "button", className: "a-icon-button", title: label, disabled: true, data: { disabled: "" } }, symbol(icon));
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      return button;
    }

    #toggle(text, key, act) {
      const button = make("button", { type: "button", className: "a-button a-button-small", textContent: text, title: `${text} (${key})` });
      button.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-keyshortcuts", key);
      button.addEventListener("click", () => {
        const isOn = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isOn));
        act(isOn);
      });
      return button;
    }

    // --- reading --------------------------------------------------------------------------------
    #start() {
      this.#reading?.abort();
      this.#reading = new AbortController();
      this.#isOver = false;
      this.source = this.#box.dataset.log;
      this.#parts.download.href = this.source;
      this.#parts.download.download = this.#box.dataset.logName;
      this.#wanted = Number(/^#L([0-9]{1,9})$/.exec(location.hash)?.[1] ?? 0);
      if (this.#wanted) this.#view.stick(false);
      follow(`${this.source}&follow=true`, {
        tell: (event) => this.#take(event),
        say: (state) => this.#say(state),
        signal: this.#reading.signal,
      });
    }

    /** Another attempt or process began: its log is shown from its beginning. */
    restartIfOther() {
      if (this.source === this.#box.dataset.log) return;
      this.#lines.note(this.#box.dataset.logNext ?? "another attempt begins");
      this.#changed(this.#lines.length - 1);
      this.#start();
    }

    #take({ name, data }) {
      if (name === "end") {
        this.#isOver = true;
        if (this.#wanted) this.#toLine(Math.min(this.#wanted, this.#lines.first + this.#lines.length));
        return;
      }
      const before = this.#lines.first;
      const from = this.#lines.add(data);
      if (this.#lines.first !== before) this.#dropped();
      else this.#changed(from);
      this.#note(data.text);
      if (this.#wanted && this.#lines.first + this.#lines.length >= this.#wanted) this.#toLine(this.#wanted);
    }

    #changed(from) {
      this.#view.changed(from, (index) => this.#accepts(index));
      if (this.#parts.search.value) {
        while (this.#hits.length && this.#hits.at(-1).index >= from) this.#hits.pop();
        this.#searched = Math.min(this.#searched, from);
        this.#searchOn();
      }
    }

    // The oldest lines are gone, and every index means another line.
    #dropped() {
      this.#filter(this.#stream);
      this.#search(this.#parts.search.value);
    }

    #say(state) {
      const { empty, state: place } = this.#parts;
      const texts = { reading: "", live: "", over: "", reconnecting: "Connection lost; trying again…" };
      place.textContent = texts[state] ?? state;
      const isEmpty = this.#lines.length === 0;
      empty.hidden = !isEmpty;
      empty.textContent = state === "over" ? "It wrote nothing." : state.startsWith("refused") ? state : "Nothing yet.";
      this.#box.dataset.state = state.split(":")[0];
      this.#box.dataset.lines = String(this.#lines.first + this.#lines.length);
    }

    // --- telling those who listen instead of looking ---------------------------------------------
    #note(text) {
      if (!this.#view.isStuck || this.#parts.search === document.activeElement) return;
      this.#untoldCount += text.split("\n").length - 1;
      if (this.#untold.length <= TOLD_LINES) this.#untold.push(...text.split("\n", TOLD_LINES + 1).filter(Boolean));
    }

    #tell() {
      if (!this.#untoldCount) return;
      const isFlood = this.#untoldCount > TOLD_LINES;
      this.#parts.voice.textContent = isFlood
        ? `${this.#untoldCount} new lines`
        : this.#untold.map(window.attuneLog.plain).join("\n").slice(0, 500);
      this.#untold = [];
      this.#untoldCount = 0;
    }

    // --- search ---------------------------------------------------------------------------------
    #search(text) {
      this.#hits = [];
      this.#hit = -1;
      this.#searched = 0;
      this.#view.query = text;
      this.#view.current = null;
      this.#view.redrawRows();
      this.#searchOn();
    }

    // In slices, so that the page stays smooth.
    #searchOn() {
      if (this.#isSearching) return;
      this.#isSearching = true;
      const slice = () => {
        const end = performance.now() + SLICE_MS;
        const query = this.#parts.search.value;
        while (query && this.#searched < this.#lines.length && this.#hits.length < MOST_HITS) {
          const index = this.#searched++;
          if (this.#accepts(index)) {
            for (const start of hitsIn(this.#lines.plain(index), query)) this.#hits.push({ index, start });
          }
          if (index % 256 === 0 && performance.now() > end) {
            this.#showCount();
            requestAnimationFrame(slice);
            return;
          }
        }
        this.#isSearching = false;
        this.#showCount();
      };
      slice();
    }

    #showCount() {
      const { search, count, previous, next } = this.#parts;
      const total = this.#hits.length;
      const said = total >= MOST_HITS ? `${MOST_HITS.toLocaleString("en")}+` : total.toLocaleString("en");
      if (!search.value) count.textContent = "";
      else if (total === 0) count.textContent = "no hits";
      else count.textContent = this.#hit >= 0 ? `${(this.#hit + 1).toLocaleString("en")} of ${said}` : total === 1 ? "1 hit" : `${said} hits`;
      previous.disabled = next.disabled = total === 0;
    }

    #go(step) {
      const total = this.#hits.length;
      if (total === 0) return;
      if (this.#hit < 0) {
        const first = this.#view.firstInSight;
        const after = this.#hits.findIndex((hit) => hit.index >= first);
        this.#hit = step > 0 ? (after < 0 ? 0 : after) : (after <= 0 ? total : after) - 1;
      } else {
        this.#hit = (this.#hit + step + total) % total;
      }
      const { index, start } = this.#hits[this.#hit];
      this.#view.current = { number: this.#lines.first + index + 1, start };
      this.#view.reveal(index);
      this.#showCount();
    }

    #searchKey(event) {
      if (event.key === "Enter") {
        event.preventDefault();
        this.#go(event.shiftKey ? -1 : 1);
      } else if (event.key === "Escape") {
        event.target.value = "";
        this.#search("");
        this.#parts.scroller.focus();
      }
    }

    // --- the rest -------------------------------------------------------------------------------
    #accepts(index) {
      return !this.#stream || this.#lines.kinds[index] === this.#stream || this.#lines.kinds[index] === "note";
    }

    #filter(stream) {
      this.#stream = stream;
      this.#view.filter(stream ? (index) => this.#accepts(index) : null);
      if (this.#parts.search.value) this.#search(this.#parts.search.value);
    }

    #showTimes(isOn) {
      this.#parts.scroller.classList.toggle("a-log-timed", isOn);
      remember({ times: isOn });
      if (this.#view.isWrapped) this.#view.redraw();
    }

    #wrap(isOn) {
      remember({ wrap: isOn });
      this.#view.wrap(isOn);
    }

    #clicked(event) {
      const link = event.target.closest(".a-log-number");
      if (!link) return;
      event.preventDefault();
      history.replaceState(null, "", link.hash);
      this.#toLine(Number(link.hash.slice(2)));
    }

    #toHash() {
      const number = Number(/^#L([0-9]{1,9})$/.exec(location.hash)?.[1] ?? 0);
      if (number) this.#toLine(number);
    }

    #toLine(number) {
      this.#wanted = 0;
      const index = Math.max(0, Math.min(number - 1 - this.#lines.first, this.#lines.length - 1));
      this.#view.marked = this.#lines.first + index + 1;
      this.#view.reveal(index);
    }

    #key(event) {
      const isHere = this.#box.contains(event.target) || event.target === document.body;
      const isTyping = event.target.matches?.("input, select, textarea");
      if (!isHere || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      const { search, stick, times, wrap } = this.#parts;
      const deeds = {
        "/": () => search.focus(),
        n: () => this.#go(1),
        N: () => this.#go(-1),
        g: () => this.#view.toStart(),
        G: () => this.#view.stick(true),
        f: () => stick.click(),
        t: () => times.click(),
        w: () => wrap.click(),
      };
      const deed = Object.hasOwn(deeds, event.key) ? deeds[event.key] : null;
      if (!deed) return;
      event.preventDefault();
      deed();
    }
  }

  let viewer = null;

  // A page may have no log yet when it is loaded.
  function look() {
    const box = document.querySelector("[data-log]");
    if (viewer) viewer.restartIfOther();
    else if (box) viewer = new Viewer(box);
  }

  look();
  document.addEventListener("attune:refreshed", look);
})();
