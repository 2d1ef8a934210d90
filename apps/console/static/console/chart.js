// The chart over the list of executions: when each was asked for, how long it ran, how it ended.
// Dragging over a stretch of time narrows the list to it, a click on a point opens its execution.
(() => {
  const figure = document.querySelector("[data-chart]");
  if (!figure || !window.uPlot) return;

  const HEIGHT_PX = 220;
  const NEAR_PX = 14;
  const DRAGGED_PX = 8;
  const SHORTEST_S = 0.001;
  const RELOAD_AT_MOST_EVERY_MS = 5000;
  // Shapes besides colours, for those who do not tell the colours apart.
  const OUTCOMES = [
    { name: "succeeded", color: "--good", shape: "dot" },
    { name: "failed", color: "--bad", shape: "cross" },
    { name: "timeout", color: "--bad", shape: "triangle" },
    { name: "abandoned", color: "--bad", shape: "square" },
    { name: "canceled", color: "--faint", shape: "square" },
    { name: "running", color: "--busy", shape: "ring" },
  ];
  const OTHER = OUTCOMES.at(-1);
  const TICKS = [
    [0.001, "1 ms"], [0.01, "10 ms"], [0.1, "0.1 s"], [1, "1 s"], [10, "10 s"], [60, "1 min"], [600, "10 min"], [3600, "1 h"],
    [36000, "10 h"], [86400 * 3, "3 d"], [86400 * 30, "30 d"],
  ];
  const plot = figure.querySelector("[data-plot]");
  const words = figure.querySelector("[data-words]");
  const legend = figure.querySelector("[data-legend]");
  const tip = document.createElement("div");
  tip.className = "e-tip a-card";
  tip.hidden = true;

  let points = [];
  let chart = null;
  let loadedAt = 0;
  let waiting = null;

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const outcomeOf = (status) => OUTCOMES.find(({ name }) => name === status) || OTHER;
  const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

  function duration(seconds) {
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 60) return `${seconds.toFixed(1)} s`;
    const [unit, name, lower, lowerName] = [
      [86400, "d", 3600, "h"],
      [3600, "h", 60, "min"],
      [60, "min", 1, "s"],
    ].find(([size]) => seconds >= size);
    return `${Math.floor(seconds / unit)} ${name} ${Math.floor((seconds % unit) / lower)} ${lowerName}`;
  }

  function pointsOf(body) {
    return body.ids
      .map((id, at) => ({
        id,
        x: body.created[at],
        y: Math.max(SHORTEST_S, body.durations[at]),
        length: body.durations[at],
        status: body.statuses[at],
        action: body.actions[at],
      }))
      .sort((one, other) => one.x - other.x);
  }

  function say(isCut) {
    const counts = OUTCOMES.map(({ name }) => [name, points.filter(({ status }) => outcomeOf(status).name === name).length]);
    const lengths = points.map(({ length }) => length).sort((one, other) => one - other);
    const told = counts.filter(([, count]) => count).map(([name, count]) => `${count.toLocaleString("en")} ${name}`);
    const count = points.length.toLocaleString("en");
    const of = isCut ? `The newest ${count} that started` : `${count} ${points.length === 1 ? "execution" : "executions"} that started`;
    words.textContent =
      `${of}, ${utc(points[0].x)} to ${utc(points.at(-1).x)} UTC: ${told.join(", ")}; half of them within ` +
      `${duration(lengths[lengths.length >> 1])}, the longest ${duration(lengths.at(-1))}.`;
    legend.replaceChildren(
      ...counts.filter(([, count]) => count).map(([name]) => {
        const item = document.createElement("span");
        const mark = document.createElement("span");
        mark.className = `e-mark e-mark-${outcomeOf(name).shape} e-mark-${name}`;
        item.append(mark, name);
        return item;
      }),
    );
  }

  function draw(u) {
    const { ctx } = u;
    const size = 3 * devicePixelRatio;
    const colors = Object.fromEntries(OUTCOMES.map((outcome) => [outcome.name, color(outcome.color)]));
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    ctx.lineWidth = 1.5 * devicePixelRatio;
    // What went well first, so that it hides nothing else.
    for (const outcome of OUTCOMES) {
      ctx.fillStyle = ctx.strokeStyle = colors[outcome.name];
      ctx.globalAlpha = outcome.name === "succeeded" ? 0.55 : 0.9;
      for (const point of points) {
        if (outcomeOf(point.status) !== outcome) continue;
        mark(ctx, outcome.shape, u.valToPos(point.x, "x", true), u.valToPos(point.y, "y", true), size);
      }
    }
    ctx.restore();
  }

  function mark(ctx, shape, x, y, size) {
    ctx.beginPath();
    if (shape === "cross") {
      ctx.moveTo(x - size, y - size);
      ctx.lineTo(x + size, y + size);
      ctx.moveTo(x + size, y - size);
      ctx.lineTo(x - size, y + size);
      ctx.stroke();
    } else if (shape === "triangle") {
      ctx.moveTo(x, y - size * 1.3);
      ctx.lineTo(x + size * 1.2, y + size);
      ctx.lineTo(x - size * 1.2, y + size);
      ctx.fill();
    } else if (shape === "square") {
      ctx.fillRect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
    } else {
      ctx.arc(x, y, size, 0, 2 * Math.PI);
      if (shape === "ring") ctx.stroke();
      else ctx.fill();
    }
  }

  function nearest(u) {
    const { left, top } = u.cursor;
    if (left < 0) return null;
    let best = null;
    let distance = NEAR_PX;
    for (const point of points) {
      const away = Math.hypot(u.valToPos(point.x, "x") - left, u.valToPos(point.y, "y") - top);
      if (away <= distance) [best, distance] = [point, away];
    }
    return best;
  }

  function showTip(u) {
    const point = nearest(u);
    tip.hidden = !point;
    u.over.classList.toggle("e-over-point", Boolean(point));
    if (!point) return;
    tip.textContent = `${point.id} ${point.action}\n${point.status}, ${duration(point.length)}\n${utc(point.x)} UTC`;
    const [x, y] = [u.valToPos(point.x, "x"), u.valToPos(point.y, "y")];
    tip.style.left = `${Math.min(x + 12, u.over.clientWidth - tip.offsetWidth)}px`;
    tip.style.top = `${y + tip.offsetHeight + 12 > u.over.clientHeight ? y - tip.offsetHeight - 8 : y + 12}px`;
  }

  function narrowTo(u) {
    const { left, width } = u.select;
    if (width < DRAGGED_PX) return;
    const url = new URL(figure.dataset.list, location.href);
    url.searchParams.set("since", utc(Math.floor(u.posToVal(left, "x"))));
    url.searchParams.set("until", utc(Math.ceil(u.posToVal(left + width, "x"))));
    location.assign(url);
  }

  // From the points: for a single one the chart's own idea of a range is years.
  function rangeOfTimes() {
    const [low, high] = [points[0].x, points.at(-1).x];
    const room = Math.max(high - low < 20 ? 10 : 1, (high - low) * 0.02);
    return [low - room, high + room];
  }

  function rangeOfDurations(u, low, high) {
    return [10 ** Math.floor(Math.log10(low * 0.8)), 10 ** Math.ceil(Math.log10(high * 1.25))];
  }

  function axis(more) {
    return {
      stroke: () => color("--faint"),
      grid: { stroke: () => color("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${getComputedStyle(document.body).fontFamily}`,
      ...more,
    };
  }

  function options() {
    return {
      width: plot.clientWidth,
      height: HEIGHT_PX,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      scales: { x: { time: true, range: rangeOfTimes }, y: { distr: 3, range: rangeOfDurations } },
      axes: [
        axis({ space: 90, values: timesOf }),
        axis({
          size: 58,
          splits: (u) => TICKS.map(([value]) => value).filter((value) => value >= u.scales.y.min && value <= u.scales.y.max),
          filter: (u, splits) => splits,
          values: (u, splits) => splits.map((value) => TICKS.find(([tick]) => tick === value)[1]),
        }),
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      hooks: { draw: [draw], setCursor: [showTip], setSelect: [narrowTo] },
    };
  }

  // 24 hours a day, and the date where it changes.
  function timesOf(u, splits, axisIndex, space, step) {
    let day = "";
    return splits.map((seconds) => {
      const [date, time] = utc(seconds).split(" ");
      const label = step >= 86400 ? date.slice(5) : time.slice(0, step < 60 ? 8 : 5);
      const isNewDay = date !== day && step < 86400;
      day = date;
      return isNewDay ? `${label}\n${date}` : label;
    });
  }

  function open(event) {
    const point = nearest(chart);
    if (!point) return;
    const url = figure.dataset.open.replace(/\/0\/$/, `/${point.id}/`);
    if (event.ctrlKey || event.metaKey || event.button === 1) window.open(url, "_blank", "noopener");
    else location.assign(url);
  }

  function show(body) {
    points = pointsOf(body);
    figure.hidden = points.length === 0;
    if (figure.hidden) return;
    say(body.is_cut);
    const data = [points.map(({ x }) => x), points.map(({ y }) => y)];
    if (chart) {
      chart.setData(data);
      return;
    }
    chart = new uPlot(options(), data, plot);
    chart.over.append(tip);
    chart.over.addEventListener("click", open);
    chart.over.addEventListener("auxclick", open);
    chart.over.addEventListener("mouseleave", () => (tip.hidden = true));
    new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height: HEIGHT_PX })).observe(plot);
  }

  async function load() {
    loadedAt = Date.now();
    const answer = await fetch(figure.dataset.chart, { headers: { Accept: "application/json" } });
    if (answer.ok && answer.headers.get("Content-Type")?.includes("json")) show(await answer.json());
  }

  // After the rows were loaded anew; not under a hand that drags.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "rows" || waiting) return;
    waiting = setTimeout(() => {
      waiting = null;
      if (!chart?.select.width) load();
    }, Math.max(0, loadedAt + RELOAD_AT_MOST_EVERY_MS - Date.now()));
  });
  document.addEventListener("attune:theme", () => chart?.redraw());
  load();
})();
