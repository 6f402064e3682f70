// Draws the charts of days; without it their numbers are in the tables below them.
"use strict";

const dayName = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const dayNameLong = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const count = new Intl.NumberFormat("en");
const dark = matchMedia("(prefers-color-scheme: dark)");

/** A design token's value, as it is now. */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Each series on top of those after it: uPlot draws the first one first, so the others lie over its lower part. */
function stacked(series) {
  const sums = [];
  let above = series[0].values.map(() => 0);
  for (const { values } of [...series].reverse()) {
    above = above.map((sum, i) => sum + values[i]);
    sums.unshift(above);
  }
  return sums;
}

/** Writes the day under the pointer, or all days together, beside the chart's key. */
function tell(figure, { days, series }, at) {
  const shown = at ?? null;
  figure.querySelector("[data-day]").textContent =
    shown === null ? figure.dataset.whole : dayNameLong.format(days[shown] * 1000);
  for (const [i, { values }] of series.entries()) {
    const n = shown === null ? values.reduce((sum, value) => sum + value, 0) : values[shown];
    figure.querySelector(`[data-value="${i}"]`).textContent = count.format(n);
  }
}

function draw(figure) {
  const box = figure.querySelector(".plot");
  const told = JSON.parse(figure.dataset.chart);
  const axis = { stroke: () => token("soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  const grid = { stroke: () => token("line"), width: 1 };
  const bars = uPlot.paths.bars({ size: [0.72, 44], radius: 0 });
  const plot = new uPlot({
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: (_, min, max) => [min - 43200, max + 43200] }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.08)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 34, gap: 10, space: 64, incrs: [1, 2, 3, 5, 7, 14, 28, 56, 112].map((n) => n * 86400), values: (_, at) => at.map((day) => dayName.format(day * 1000)) },
      { ...axis, grid, size: 52, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500].concat([1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7]), values: (_, at) => at.map((n) => count.format(n)) },
    ],
    series: [{}, ...told.series.map(({ tone }) => ({
      paths: bars,
      points: { show: false },
      width: 1,
      // A line in the ground's colour parts what is stacked, for those who see the colours alike.
      stroke: () => token("card"),
      fill: () => token(tone),
    }))],
    hooks: { setCursor: [(u) => tell(figure, told, u.cursor.idx)] },
  }, [told.days, ...stacked(told.series)], box);
  new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: box.clientHeight })).observe(box);
  dark.addEventListener("change", () => plot.redraw());
  const table = figure.querySelector("details");
  table.open = false;
  table.dataset.ready = "";
}

for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
