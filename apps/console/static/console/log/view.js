// Shows lines by drawing only those in sight, however many there are.
(() => {
  const { parse, plain, isPlain, dress } = window.attuneLog;
  const BLOCK = 512;
  const OVERSCAN = 20;
  // Drawing a line of megabytes would stop the page; it is searched whole, and the download has it.
  const MOST_CHARACTERS = 4000;

  // Where each line stands while lines have different heights: sums per block keep every question fast.
  class Heights {
    constructor() {
      this.clear();
    }

    clear() {
      this.rows = [];
      this.blocks = [];
      this.total = 0;
    }

    set(index, rows) {
      const change = rows - (this.rows[index] ?? 0);
      this.rows[index] = rows;
      const block = Math.floor(index / BLOCK);
      this.blocks[block] = (this.blocks[block] ?? 0) + change;
      this.total += change;
    }

    before(index) {
      const block = Math.floor(index / BLOCK);
      let sum = 0;
      for (let at = 0; at < block; at++) sum += this.blocks[at];
      for (let at = block * BLOCK; at < index; at++) sum += this.rows[at];
      return sum;
    }

    at(row) {
      let index = 0;
      let sum = 0;
      for (const rows of this.blocks) {
        if (sum + rows > row) break;
        sum += rows;
        index += BLOCK;
      }
      while (index < this.rows.length && sum + this.rows[index] <= row) sum += this.rows[index++];
      return index;
    }
  }

  class View {
    #lines;
    #scroller;
    #space = document.createElement("div");
    #layer = document.createElement("div");
    #drawn = new Map();
    #heights = new Heights();
    #shown = null; // indexes of the lines that are let through; null for all
    #isDue = false;
    #isMeasured = 0; // lines whose heights are known
    #columns = 0;
    #isStuck = true;
    #lastTop = 0;
    query = "";
    current = null;
    marked = 0;
    isWrapped = false;
    onStuck = () => {};

    constructor(scroller, lines) {
      this.#scroller = scroller;
      this.#lines = lines;
      this.#space.className = "a-log-space";
      this.#layer.className = "a-log-rows";
      this.#space.append(this.#layer);
      scroller.append(this.#space);
      this.rowHeight = parseFloat(getComputedStyle(scroller).lineHeight) || 18;
      scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
      new ResizeObserver(() => this.#resized()).observe(scroller);
    }

    get isStuck() {
      return this.#isStuck;
    }

    /** Follows the end, or lets go of it. */
    stick(isStuck) {
      if (this.#isStuck !== isStuck) {
        this.#isStuck = isStuck;
        this.onStuck(isStuck);
      }
      if (isStuck) this.draw();
    }

    /** Lines from this index on are new or changed. */
    changed(from, accepts = null) {
      if (this.#shown) {
        while (this.#shown.length && this.#shown.at(-1) >= from) this.#shown.pop();
        for (let index = from; index < this.#lines.length; index++) if (accepts(index)) this.#shown.push(index);
        this.#isMeasured = Math.min(this.#isMeasured, this.#position(from));
      } else {
        this.#isMeasured = Math.min(this.#isMeasured, from);
      }
      this.draw();
    }

    /** Shows only lines that `accepts(index)` lets through; null for all. */
    filter(accepts) {
      this.#shown = null;
      if (accepts) {
        this.#shown = [];
        for (let index = 0; index < this.#lines.length; index++) if (accepts(index)) this.#shown.push(index);
      }
      this.redraw();
    }

    wrap(isWrapped) {
      const top = this.#indexAt(this.#scroller.scrollTop);
      this.isWrapped = isWrapped;
      this.#scroller.classList.toggle("a-log-wrapped", isWrapped);
      this.redraw();
      this.#resize();
      if (!this.#isStuck) this.#scroller.scrollTop = this.#top(top);
    }

    /** Everything anew: another filter, width or search. */
    redraw() {
      for (const node of this.#drawn.values()) node.remove();
      this.#drawn.clear();
      this.#heights.clear();
      this.#isMeasured = 0;
      this.draw();
    }

    /** Draws what is in sight, in the next frame. */
    draw() {
      if (this.#isDue) return;
      this.#isDue = true;
      requestAnimationFrame(() => {
        this.#isDue = false;
        this.#draw();
      });
    }

    /** Brings a line into sight. */
    reveal(index) {
      const position = this.#position(index);
      this.#resize();
      const { clientHeight, scrollTop } = this.#scroller;
      const top = this.#top(position);
      this.stick(false);
      if (top < scrollTop || top + this.rowHeight * 2 > scrollTop + clientHeight) {
        this.#scroller.scrollTop = Math.max(0, top - clientHeight / 3);
      }
      this.redrawRows();
    }

    /** The first line in sight. */
    get firstInSight() {
      return this.#index(this.#indexAt(this.#scroller.scrollTop)) ?? 0;
    }

    toStart() {
      this.stick(false);
      this.#scroller.scrollTop = 0;
    }

    redrawRows() {
      for (const node of this.#drawn.values()) node.remove();
      this.#drawn.clear();
      this.draw();
    }

    get #count() {
      return this.#shown ? this.#shown.length : this.#lines.length;
    }

    #index(position) {
      return this.#shown ? this.#shown[position] : position;
    }

    #position(index) {
      if (!this.#shown) return index;
      let [low, high] = [0, this.#shown.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.#shown[middle] < index) low = middle + 1;
        else high = middle;
      }
      return low;
    }

    #top(position) {
      return (this.isWrapped ? this.#heights.before(position) : position) * this.rowHeight;
    }

    #indexAt(y) {
      const row = Math.floor(y / this.rowHeight);
      return Math.max(0, Math.min(this.#count - 1, this.isWrapped ? this.#heights.at(row) : row));
    }

    // Rows that each line takes while lines are wrapped; those that were drawn are corrected by what they took.
    #measure() {
      if (!this.isWrapped) return;
      if (this.#isMeasured === 0) this.#columns = this.#countColumns();
      for (; this.#isMeasured < this.#count; this.#isMeasured++) {
        const length = Math.min(MOST_CHARACTERS, plain(this.#lines.texts[this.#index(this.#isMeasured)]).length);
        this.#heights.set(this.#isMeasured, Math.max(1, Math.ceil(length / this.#columns)));
      }
    }

    #countColumns() {
      const probe = this.#row(0, { text: "0".repeat(100), style: {}, kind: "stdout", time: NaN });
      this.#layer.append(probe);
      const text = probe.lastElementChild;
      const range = document.createRange();
      range.selectNodeContents(text.firstChild ?? text);
      const width = [...range.getClientRects()].reduce((sum, rect) => sum + rect.width, 0) / 100;
      const columns = Math.floor(text.clientWidth / (width || 8));
      probe.remove();
      return Math.max(10, columns);
    }

    #scrolled() {
      const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
      const isAtEnd = scrollTop + clientHeight >= scrollHeight - this.rowHeight;
      if (scrollTop < this.#lastTop - 1 && !isAtEnd) this.stick(false);
      else if (isAtEnd && scrollTop > this.#lastTop) this.stick(true);
      this.#lastTop = scrollTop;
      this.draw();
    }

    #resized() {
      if (this.isWrapped) this.redraw();
      else this.draw();
    }

    // Before anything is scrolled to, the room for it has to be there.
    #resize() {
      this.#measure();
      const rows = this.isWrapped ? this.#heights.total : this.#count;
      this.#space.style.height = `${rows * this.rowHeight}px`;
    }

    #draw() {
      this.#resize();
      if (this.#isStuck) {
        this.#scroller.scrollTop = this.#scroller.scrollHeight;
        this.#lastTop = this.#scroller.scrollTop;
      }
      if (this.#count === 0) return;
      const { scrollTop, clientHeight } = this.#scroller;
      const from = Math.max(0, this.#indexAt(scrollTop) - OVERSCAN);
      const to = Math.min(this.#count, this.#indexAt(scrollTop + clientHeight) + 1 + OVERSCAN);
      this.#drawRows(from, to);
      this.#layer.style.transform = `translateY(${this.#top(from)}px)`;
      if (this.isWrapped && this.#correct(from, to)) this.draw();
    }

    // Rows that stay in sight stay the same elements: what is selected in them stays selected.
    #drawRows(from, to) {
      for (const [position, node] of this.#drawn) {
        if (position < from || position >= to || node.lineText !== this.#lines.texts[this.#index(position)]) {
          node.remove();
          this.#drawn.delete(position);
        }
      }
      let next = this.#layer.firstChild;
      for (let position = from; position < to; position++) {
        let node = this.#drawn.get(position);
        if (!node) {
          node = this.#rowOf(position);
          this.#drawn.set(position, node);
          this.#layer.insertBefore(node, next);
        } else if (node === next) {
          next = next.nextSibling;
        } else {
          this.#layer.insertBefore(node, next);
        }
      }
    }

    #correct(from, to) {
      let isChanged = false;
      for (let position = from; position < to; position++) {
        const rows = Math.max(1, Math.round(this.#drawn.get(position).offsetHeight / this.rowHeight));
        if (rows !== this.#heights.rows[position]) {
          this.#heights.set(position, rows);
          isChanged = true;
        }
      }
      return isChanged;
    }

    #rowOf(position) {
      const index = this.#index(position);
      const { texts, styles, kinds, times } = this.#lines;
      const node = this.#row(this.#lines.first + index + 1, {
        text: texts[index], style: styles[index], kind: kinds[index], time: times[index],
      });
      node.lineText = texts[index];
      return node;
    }

    #row(number, { text, style, kind, time }) {
      const row = document.createElement("div");
      row.className = `a-log-row a-log-${kind}${number === this.marked ? " a-log-marked" : ""}`;
      const link = document.createElement("a");
      link.className = "a-log-number";
      link.href = `#L${number}`;
      link.tabIndex = -1;
      link.textContent = number;
      const when = document.createElement("span");
      when.className = "a-log-time";
      when.textContent = Number.isNaN(time) ? "" : clock(time);
      const body = document.createElement("span");
      body.className = "a-log-text";
      if (kind === "stderr") body.append(hidden("stderr: "));
      this.#fill(body, number, text, style);
      row.append(link, when, body);
      return row;
    }

    #fill(body, number, text, style) {
      const { parts } = parse(text, style);
      const hits = hitsIn(parts.map((part) => part.text).join(""), this.query);
      let offset = 0;
      let hit = 0;
      for (const part of parts) {
        if (offset >= MOST_CHARACTERS) break;
        const shown = part.text.slice(0, MOST_CHARACTERS - offset);
        let from = 0;
        while (hit < hits.length && hits[hit] < offset + shown.length) {
          const start = Math.max(0, hits[hit] - offset);
          const end = Math.min(shown.length, hits[hit] + this.query.length - offset);
          append(body, shown.slice(from, start), part.style);
          const isCurrent = this.current?.number === number && this.current.start === hits[hit];
          append(body, shown.slice(start, end), part.style, isCurrent ? "a-log-hit a-log-current" : "a-log-hit");
          from = end;
          if (hits[hit] + this.query.length > offset + shown.length) break; // goes on in the next part
          hit++;
        }
        append(body, shown.slice(from), part.style);
        offset += part.text.length;
      }
      const total = parts.reduce((sum, part) => sum + part.text.length, 0);
      if (total > MOST_CHARACTERS) {
        const more = document.createElement("span");
        more.className = "a-log-more";
        more.textContent = ` … ${(total - MOST_CHARACTERS).toLocaleString("en")} more characters; the download has them`;
        body.append(more);
      }
    }
  }

  function append(body, text, style, hitClass = "") {
    if (!text) return;
    if (!hitClass && isPlain(style)) {
      body.append(text);
      return;
    }
    const element = document.createElement(hitClass ? "mark" : "span");
    if (hitClass) element.className = hitClass;
    element.textContent = text;
    body.append(hitClass ? element : dress(element, style));
  }

  function hidden(text) {
    const element = document.createElement("span");
    element.className = "a-hidden";
    element.textContent = text;
    return element;
  }

  const PAD = (value, width = 2) => String(value).padStart(width, "0");

  function clock(time) {
    const at = new Date(time);
    return `${PAD(at.getHours())}:${PAD(at.getMinutes())}:${PAD(at.getSeconds())}.${PAD(at.getMilliseconds(), 3)}`;
  }

  // Where the query stands in a text, capitals or not.
  function hitsIn(text, query) {
    if (!query) return [];
    const lower = text.toLowerCase();
    // A few letters become longer in lower case; then positions would be wrong.
    const [where, what] = lower.length === text.length ? [lower, query.toLowerCase()] : [text, query];
    const hits = [];
    for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + what.length)) hits.push(at);
    return hits;
  }

  Object.assign(window.attuneLog, { View, hitsIn });
})();
