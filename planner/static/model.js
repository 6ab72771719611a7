"use strict";
// The model week by week. Figures come from a JSON endpoint of this page; the table below the chart has them, too.
(async () => {
  const place = document.getElementById("weeks");
  if (!place) return;
  const answer = await fetch(place.dataset.source);
  if (!answer.ok || answer.redirected) return; // as to the login
  const told = await answer.json();
  if (told.weeks.length < 2) return;
  const language = document.documentElement.lang;
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
  const month = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const shown = (_, value) => (value == null ? "–" : percent.format(value));
  const draw = () => {
    place.replaceChildren();
    const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const line = (label, name, dash) => ({ label, stroke: colour(name), width: 2, dash, value: shown, points: { show: true, size: 5 } });
    new uPlot(
      {
        width: place.clientWidth,
        height: 220,
        scales: { x: { time: false }, y: { range: [0, 1] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map((tick) => month.format(tick * 1000)) },
          { ...axis, values: (_, ticks) => ticks.map((tick) => percent.format(tick)) },
        ],
        series: [
          { label: place.dataset.week, value: (_, at) => (at == null ? "–" : day.format(at * 1000)) },
          line(place.dataset.precision, "--accent"),
          line(place.dataset.recall, "--warn", [6, 4]),
        ],
      },
      [told.weeks.map((week) => Date.parse(week) / 1000), told.precision, told.recall],
      place,
    );
  };
  draw();
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    draw();
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
