// Reads a followed log (Server-Sent Events) to its end, whatever the connection does meanwhile: it goes on after the
// last event that was taken.
(() => {
  const FIRST_PAUSE_MS = 500;
  const LONGEST_PAUSE_MS = 15_000;
  // Attune sends a sign of life every 15 seconds.
  const SILENT_MS = 45_000;

  // Takes text as it comes and gives whole events.
  class Parser {
    #rest = "";

    *push(text) {
      const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
      this.#rest = blocks.pop();
      for (const block of blocks) {
        const event = { name: "message", id: null, data: "" };
        for (const line of block.split(/\r?\n/)) {
          const [, field, value] = /^([a-z]+):? ?(.*)$/.exec(line) ?? [];
          if (field === "event") event.name = value;
          else if (field === "id") event.id = value;
          else if (field === "data") event.data += value;
        }
        if (event.data) yield event;
      }
    }
  }

  class Refused extends Error {}

  function pause(ms, signal) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }

  async function refusal(answer) {
    const problem = await answer.json().catch(() => ({}));
    return problem.detail ?? `the server answered ${answer.status}`;
  }

  /** `tell(event)` for each; `say(state)` with "reading", "live", "reconnecting", "over" or "refused: …". */
  async function follow(url, { tell, say, signal }) {
    let lastId = null;
    let wait = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        const isOver = await read(url, lastId, {
          tell: (event) => {
            lastId = event.id ?? lastId;
            wait = FIRST_PAUSE_MS;
            tell(event);
          },
          say,
          signal,
        });
        if (isOver) return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused) {
          say(`refused: ${error.message}`);
          return;
        }
      }
      if (signal.aborted) return;
      say("reconnecting");
      await pause(wait, signal);
      wait = Math.min(wait * 2, LONGEST_PAUSE_MS);
    }
  }

  async function read(url, lastId, { tell, say, signal }) {
    const headers = { Accept: "text/event-stream", ...(lastId === null ? {} : { "Last-Event-ID": lastId }) };
    const silence = new AbortController();
    let timer = 0;
    const isAlive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_MS);
    };
    isAlive();
    try {
      const answer = await fetch(url, { headers, cache: "no-store", signal: AbortSignal.any([signal, silence.signal]) });
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) throw new Refused(await refusal(answer));
      if (!answer.ok || !answer.body) return false;
      say("reading");
      const parser = new Parser();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return false;
        isAlive();
        for (const event of parser.push(value)) {
          if (event.name === "end") {
            tell({ ...event, data: JSON.parse(event.data) });
            say("over");
            return true;
          }
          if (event.name === "log") tell({ ...event, data: JSON.parse(event.data) });
        }
        say("live");
      }
    } finally {
      clearTimeout(timer);
    }
  }

  Object.assign(window.attuneLog, { follow, Parser });
})();
