// The lines of a log as they come in: of two streams, in pieces, with progress that writes over itself.
(() => {
  const { PLAIN, parse, plain } = window.attuneLog;
  // More lines than a page can bear: the oldest go.
  const MOST_LINES = 500_000;
  const DROPPED_AT_ONCE = 100_000;
  const STREAMS = ["stdout", "stderr"];

  // What is left of a line after everything that was written over: after the last carriage return, and rubbed out.
  function settled(text, style) {
    let body = text.endsWith("\r") ? text.replace(/\r+$/, "") : text;
    const last = body.lastIndexOf("\r");
    if (last >= 0) {
      style = parse(body.slice(0, last), style).end;
      body = body.slice(last + 1);
    }
    return { text: body.includes("\b") ? rubbedOut(body) : body, style };
  }

  function rubbedOut(text) {
    const kept = [];
    for (const character of text) {
      if (character === "\b") kept.pop();
      else kept.push(character);
    }
    return kept.join("");
  }

  class Lines {
    // Index 0 is the oldest line that is still there; `first` is its number, less one.
    first = 0;
    texts = [];
    styles = [];
    times = [];
    kinds = [];
    #open = { stdout: -1, stderr: -1 };
    #raw = { stdout: "", stderr: "" };
    #style = { stdout: PLAIN, stderr: PLAIN };

    get length() {
      return this.texts.length;
    }

    /** Takes one event; returns the lowest index that changed. */
    add({ stream, gap, text, at }) {
      const name = STREAMS.includes(stream) ? stream : "stdout";
      const time = at ? Date.parse(at) : NaN;
      let changed = this.#open[name] < 0 ? this.length : this.#open[name];
      if (gap) this.note(`${gap.toLocaleString("en")} bytes of ${name} are missing here`, time);
      if (!text) return changed;
      const pieces = text.split("\n");
      for (let index = 0; index < pieces.length; index++) {
        const isEnd = index < pieces.length - 1;
        if (pieces[index] || isEnd) this.#write(name, pieces[index], time, isEnd);
      }
      changed = Math.max(0, changed - this.#dropOldest());
      return changed;
    }

    /** A line of the viewer's own. */
    note(text, time = NaN) {
      for (const name of STREAMS) this.#close(name);
      this.#push(text, PLAIN, time, "note");
    }

    plain(index) {
      return plain(this.texts[index]);
    }

    #write(name, piece, time, isEnd) {
      this.#raw[name] += piece;
      const line = settled(this.#raw[name], this.#style[name]);
      // Kept short however often it is written over: what a carriage return took away never comes back.
      if (piece.includes("\r")) {
        const ends = this.#raw[name].endsWith("\r") ? "\r" : "";
        this.#raw[name] = line.text + ends;
        this.#style[name] = line.style;
      }
      if (this.#open[name] < 0) {
        this.#open[name] = this.length;
        this.#push(line.text, line.style, time, name);
      } else {
        this.texts[this.#open[name]] = line.text;
        this.styles[this.#open[name]] = line.style;
      }
      if (isEnd) this.#close(name);
    }

    #close(name) {
      const index = this.#open[name];
      if (index < 0) return;
      this.#style[name] = this.texts[index].includes("\x1b") ? parse(this.texts[index], this.styles[index]).end : this.styles[index];
      this.#open[name] = -1;
      this.#raw[name] = "";
    }

    #push(text, style, time, kind) {
      this.texts.push(text);
      this.styles.push(style);
      this.times.push(time);
      this.kinds.push(kind);
    }

    #dropOldest() {
      if (this.length <= MOST_LINES) return 0;
      for (const list of [this.texts, this.styles, this.times, this.kinds]) list.splice(0, DROPPED_AT_ONCE);
      for (const name of STREAMS) {
        if (this.#open[name] >= 0) this.#open[name] = Math.max(-1, this.#open[name] - DROPPED_AT_ONCE);
      }
      this.first += DROPPED_AT_ONCE;
      return DROPPED_AT_ONCE;
    }
  }

  window.attuneLog.Lines = Lines;
})();
