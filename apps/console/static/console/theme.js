// Chooses light or dark before anything is drawn. Loaded without `defer` for that reason.
(() => {
  const KEY = "attune-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto";
    }
  }

  function apply() {
    const theme = chosen();
    const isDark = theme === "dark" || (theme === "auto" && system.matches);
    document.documentElement.classList.toggle("dark", isDark);
    document.dispatchEvent(new CustomEvent("attune:theme", { detail: { theme, isDark } }));
  }

  window.attuneTheme = {
    current: chosen,
    next() {
      const order = ["auto", "light", "dark"];
      const theme = order[(order.indexOf(chosen()) + 1) % order.length];
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // A browser without storage forgets the choice with the page.
      }
      apply();
      return theme;
    },
  };
  system.addEventListener("change", apply);
  apply();
})();
