// The frame around every page: menu, theme switch, questions before what cannot be undone, how long ago.
(() => {
  const THEMES = { auto: "as the system", light: "light", dark: "dark" };

  // The theme's own widgets (filters, menus of actions) read these.
  document.addEventListener("alpine:init", () => {
    Alpine.data("shell", () => ({
      activeTab: "general",
      openModal: false,
      filterOpen: false,
      openAllApplications: false,
      sidebarDesktopOpen: false,
      // The build without eval knows no globals, and the theme's change form asks where it is.
      window: { location: { pathname: location.pathname, search: location.search } },
    }));
    Alpine.data("searchForm", () => ({
      applyShortcut(event) {
        const isTyping = event.target instanceof Element && event.target.matches("input, textarea, select, [contenteditable]");
        if (event.key !== "/" || isTyping) return;
        event.preventDefault();
        this.$refs.searchInput.focus();
      },
    }));
  });

  function labelTheme(theme) {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.setAttribute("aria-label", `Theme: ${THEMES[theme]}`);
      button.title = `Theme: ${THEMES[theme]}`;
    }
  }

  function openSide(isOpen) {
    document.documentElement.classList.toggle("a-side-open", isOpen);
    for (const button of document.querySelectorAll("[data-side-switch]")) {
      button.setAttribute("aria-expanded", String(isOpen));
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-theme-switch]")) {
      labelTheme(window.attuneTheme.next());
    } else if (target?.closest("[data-side-switch]")) {
      openSide(!document.documentElement.classList.contains("a-side-open"));
    } else if (document.documentElement.classList.contains("a-side-open") && !target?.closest(".a-side")) {
      openSide(false);
    }
    const copied = target?.closest("[data-copy]");
    if (copied) {
      navigator.clipboard?.writeText(copied.dataset.copy);
      copied.dataset.copied = "";
      setTimeout(() => delete copied.dataset.copied, 1500);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") openSide(false);
  });

  // <form data-confirm="…"> or <button data-confirm="…">: asked before anything is sent.
  document.addEventListener(
    "submit",
    (event) => {
      const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
      if (question && !window.confirm(question)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      // Sent once, however often it is clicked.
      setTimeout(() => event.submitter?.setAttribute("disabled", ""), 0);
    },
    true,
  );
  // Back in the browser shows the page as it was left: with its buttons.
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[disabled]:not([data-disabled])")) {
      button.removeAttribute("disabled");
    }
  });

  const STEPS = [
    [60, 1, "s"],
    [3600, 60, "min"],
    [86400, 3600, "h"],
    [Infinity, 86400, "d"],
  ];

  function ago(element) {
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
    const [, unit, name] = STEPS.find(([limit]) => Math.abs(seconds) < limit);
    const amount = Math.floor(Math.abs(seconds) / unit);
    if (seconds < 0) return `in ${amount} ${name}`;
    return seconds < 2 ? "just now" : `${amount} ${name} ago`;
  }

  function tell() {
    for (const element of document.querySelectorAll("time[data-ago]")) {
      element.textContent = ago(element);
    }
  }

  document.addEventListener("htmx:afterSettle", tell);
  setInterval(tell, 5000);
  tell();
  labelTheme(window.attuneTheme.current());
})();
