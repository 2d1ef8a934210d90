// Text of a terminal: colours (SGR) become styles, every other escape sequence is dropped, and what is left of control
// characters is made visible, so that nothing can hide, move or pretend. Only text nodes are made of it.
(() => {
  // Each body excludes ESC, so that no input makes the match slow.
  const SEQUENCE =
    /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/][0-~]|\x1b[=>78cDEHMNOZ]/g;
  // C0 without tab, DEL, C1, and the characters that turn the direction of writing.
  const ODD = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
  const HAS_ODD = new RegExp(ODD.source);
  const MOST_PARAMETERS = 32;
  const PLAIN = Object.freeze({});

  // As it would be written in source: \x1b, \u202e.
  function visible(character) {
    const hex = character.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`;
  }

  function cleaned(text) {
    return HAS_ODD.test(text) ? text.replace(ODD, visible) : text;
  }

  function with_(style, change) {
    const next = { ...style, ...change };
    for (const name of Object.keys(next)) if (next[name] === null) delete next[name];
    return next;
  }

  function byte(text) {
    const value = Number(text);
    return text !== "" && Number.isInteger(value) && value >= 0 && value <= 255 ? value : null;
  }

  // A colour of the 256: the first sixteen are the theme's, the others are computed.
  function indexed(number) {
    if (number < 16) return number;
    if (number >= 232) return `rgb(${Array(3).fill(8 + (number - 232) * 10).join(" ")})`;
    const level = (value) => (value === 0 ? 0 : 55 + value * 40);
    const rest = number - 16;
    return `rgb(${level(Math.floor(rest / 36))} ${level(Math.floor(rest / 6) % 6)} ${level(rest % 6)})`;
  }

  // The colour after 38 or 48, and how many parameters it took.
  function extended(parameters) {
    if (parameters[0] === "5") {
      const number = byte(parameters[1] ?? "");
      return [number === null ? null : indexed(number), 2];
    }
    if (parameters[0] === "2") {
      const parts = parameters.slice(1, 4).map(byte);
      return [parts.length === 3 && !parts.includes(null) ? `rgb(${parts.join(" ")})` : null, 4];
    }
    return [null, 1];
  }

  const SIMPLE = {
    1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true },
    9: { strike: true }, 21: { underline: true }, 22: { bold: null, dim: null }, 23: { italic: null },
    24: { underline: null }, 27: { inverse: null }, 29: { strike: null }, 39: { fg: null }, 49: { bg: null },
  };

  function apply(style, body) {
    if (/[<=>?]/.test(body)) return style;
    // 38:2::1:2:3 has an empty place for a colour space
    const parameters = body.replace(/([34]8:2:)[0-9]*:(?=[0-9]*:[0-9]*:[0-9])/g, "$1").split(/[;:]/, MOST_PARAMETERS);
    for (let index = 0; index < parameters.length; index++) {
      const code = Number(parameters[index] || 0);
      if (code === 0) style = PLAIN;
      else if (SIMPLE[code]) style = with_(style, SIMPLE[code]);
      else if (code >= 30 && code <= 37) style = with_(style, { fg: code - 30 });
      else if (code >= 90 && code <= 97) style = with_(style, { fg: code - 82 });
      else if (code >= 40 && code <= 47) style = with_(style, { bg: code - 40 });
      else if (code >= 100 && code <= 107) style = with_(style, { bg: code - 92 });
      else if (code === 38 || code === 48) {
        const [colour, taken] = extended(parameters.slice(index + 1));
        if (colour !== null) style = with_(style, code === 38 ? { fg: colour } : { bg: colour });
        index += taken;
      }
    }
    return Object.keys(style).length === 0 ? PLAIN : style;
  }

  // → { parts: [{ text, style }], end: the style after it }
  function parse(text, style = PLAIN) {
    const parts = [];
    if (!text.includes("\x1b")) {
      const clean = cleaned(text);
      return { parts: clean ? [{ text: clean, style }] : parts, end: style };
    }
    let from = 0;
    const add = (to) => {
      if (to > from) parts.push({ text: cleaned(text.slice(from, to)), style });
    };
    for (const match of text.matchAll(SEQUENCE)) {
      add(match.index);
      from = match.index + match[0].length;
      if (match[2] === "m") style = apply(style, match[1]);
    }
    add(text.length);
    return { parts, end: style };
  }

  // The text as a reader sees it, without styles.
  function plain(text) {
    return cleaned(text.includes("\x1b") ? text.replace(SEQUENCE, "") : text);
  }

  function isPlain(style) {
    return style === PLAIN;
  }

  function dress(element, style) {
    const { fg, bg } = style.inverse ? { fg: style.bg ?? "page", bg: style.fg ?? "text" } : style;
    for (const name of ["bold", "dim", "italic", "underline", "strike"]) {
      if (style[name]) element.classList.add(`a-sgr-${name}`);
    }
    for (const [place, colour] of [["fg", fg], ["bg", bg]]) {
      if (colour === undefined) continue;
      const isComputed = typeof colour === "string" && colour.startsWith("rgb(");
      if (isComputed) element.style.setProperty(`--sgr-${place}`, colour);
      element.classList.add(`a-sgr-${place}-${isComputed ? "any" : colour}`);
    }
    return element;
  }

  window.attuneLog = { ...window.attuneLog, PLAIN, parse, plain, isPlain, dress };
})();
