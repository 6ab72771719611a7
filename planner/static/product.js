// The page of one product: draws its weeks, keeps sliders and fields alike, and follows what is supposed.
"use strict";

(() => {
  const charts = document.getElementById("charts");
  const form = document.getElementById("what-if");
  if (!charts || !form) return;

  const words = JSON.parse(charts.dataset.words);
  const shortDay = new Intl.DateTimeFormat(charts.dataset.locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const day = new Intl.DateTimeFormat(charts.dataset.locale, { dateStyle: "medium", timeZone: "UTC" });
  const number = new Intl.NumberFormat(charts.dataset.locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(charts.dataset.locale, { style: "percent", maximumFractionDigits: 0 });
  const WEEK_S = 7 * 24 * 3600;
  const HEIGHT_PX = 220;
  const AXIS_PX = 48;
  let drawn = [];
  let latest = null;

  const colour = (name) => getComputedStyle(charts).getPropertyValue(name).trim();
  const dateOf = (seconds) => new Date(seconds * 1000);

  function axes(hasShare) {
    const common = { stroke: colour("--chart-text"), grid: { stroke: colour("--chart-grid"), width: 1 }, ticks: { show: false } };
    const found = [
      { ...common, space: 64, size: 32, values: (_, ticks) => ticks.map((each) => shortDay.format(dateOf(each))) },
      { ...common, scale: "units", size: AXIS_PX, values: (_, ticks) => ticks.map((each) => number.format(each)) },
    ];
    if (hasShare) {
      const values = (_, ticks) => ticks.map((each) => percent.format(each));
      found.push({ ...common, scale: "share", side: 1, size: AXIS_PX, grid: { show: false }, values });
    }
    return found;
  }

  // weeks in which it was out of stock lie on a ground of their own
  const outOfStock = (weeks, flags) => ({
    hooks: {
      drawClear: (plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.fillStyle = colour("--chart-out");
        weeks.forEach((monday, at) => {
          if (!flags[at]) return;
          const left = Math.max(plot.valToPos(monday - WEEK_S / 2, "x", true), bbox.left);
          const right = Math.min(plot.valToPos(monday + WEEK_S / 2, "x", true), bbox.left + bbox.width);
          if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
        });
        ctx.restore();
      },
    },
  });

  const line = (name, stroke, more) => ({ label: name, stroke, width: 2, scale: "units", ...more });
  const edge = (name) => line(name, "transparent", { width: 0, points: { show: false } });
  const said = (name, value) => words[name].replace("{value}", value);

  // what the charts say of the week under the pointer, below each of them
  const reading = (place, data, sentence) => (plot) => {
    const at = plot.cursor.idx;
    const out = place.parentElement.querySelector(".readout");
    if (at == null) { out.textContent = ""; return; }
    const week = words.week.replace("{day}", day.format(dateOf(plot.data[0][at])));
    const parts = [...sentence(at), ...(data.out_of_stock[at] ? [words.out_of_stock] : [])];
    out.textContent = parts.length ? `${week}: ${parts.join(", ")}` : week;
  };

  const bandAt = (band, at) => words.band.replace("{low}", number.format(band.low[at])).replace("{high}", number.format(band.high[at]));
  const known = (column, at) => column[at] != null;
  const hasCurve = (data) => data.run_out.some((each) => each != null);

  function options(place, weeks, data, series, sentence, hasShare) {
    return {
      width: place.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { sync: { key: "product" }, drag: { x: false, y: false } },
      scales: {
        x: { range: [weeks[0] - WEEK_S, weeks[weeks.length - 1] + WEEK_S] },
        units: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] },
        ...(hasShare ? { share: { range: [0, 1] } } : {}),
      },
      axes: axes(hasShare),
      padding: [null, hasCurve(data) && !hasShare ? AXIS_PX : null, null, null], // one week lies below the other
      series: [{}, ...series],
      bands: [{ series: [3, 4], fill: colour("--chart-band") }],
      hooks: { setCursor: [reading(place, data, sentence)] },
      plugins: [outOfStock(weeks, data.out_of_stock)],
    };
  }

  function drawDemand(weeks, data) {
    const place = charts.querySelector("[data-chart=demand]");
    const bars = { fill: colour("--chart-sold"), paths: uPlot.paths.bars({ size: [0.7, 24] }), points: { show: false } };
    const series = [
      line("sold", colour("--chart-sold"), bars),
      line("demand", colour("--chart-expected"), { dash: [6, 4], points: { show: false } }),
      edge("high"),
      edge("low"),
    ];
    const columns = [weeks, data.sold, data.demand.mean, data.demand.high, data.demand.low];
    const sentence = (at) => [
      ...(known(data.sold, at) ? [said("sold", number.format(data.sold[at]))] : []),
      ...(known(data.demand.mean, at) ? [said("demand", number.format(data.demand.mean[at])), bandAt(data.demand, at)] : []),
    ];
    return new uPlot(options(place, weeks, data, series, sentence, false), columns, place);
  }

  function drawStock(weeks, data) {
    const place = charts.querySelector("[data-chart=stock]");
    const drawsCurve = hasCurve(data);
    const series = [
      line("on_hand", colour("--chart-stock"), { points: { show: false } }),
      line("stock", colour("--chart-stock"), { dash: [6, 4], points: { show: false } }),
      edge("high"),
      edge("low"),
      ...(drawsCurve ? [line("run_out", colour("--chart-risk"), { scale: "share", points: { show: true, size: 6 } })] : []),
    ];
    const columns = [weeks, data.on_hand, data.stock.mean, data.stock.high, data.stock.low, ...(drawsCurve ? [data.run_out] : [])];
    const sentence = (at) => [
      ...(known(data.on_hand, at) ? [said("on_hand", number.format(data.on_hand[at]))] : []),
      ...(known(data.stock.mean, at) && !known(data.on_hand, at) ? [said("stock", number.format(data.stock.mean[at])), bandAt(data.stock, at)] : []),
      ...(known(data.run_out, at) ? [said("run_out", percent.format(data.run_out[at]))] : []),
    ];
    return new uPlot(options(place, weeks, data, series, sentence, drawsCurve), columns, place);
  }

  function draw(data) {
    latest = data;
    drawn.forEach((plot) => plot.destroy());
    charts.hidden = false;
    const weeks = data.weeks.map((each) => Date.parse(each) / 1000);
    drawn = [drawDemand(weeks, data), drawStock(weeks, data)];
  }

  async function load() {
    try {
      const answer = await fetch(`${charts.dataset.url}?${new URLSearchParams(new FormData(form))}`);
      if (answer.status === 422) return; // the form says what is wrong
      if (!answer.ok) throw new Error(answer.statusText);
      draw(await answer.json());
    } catch {
      document.getElementById("chart-problem").textContent = words.not_drawn;
    }
  }

  // a slider moves its field, and a field its slider
  form.querySelectorAll("[data-for]").forEach((slider) => {
    const field = document.getElementById(slider.dataset.for);
    slider.hidden = false;
    slider.addEventListener("input", () => { field.value = slider.value; });
    field.addEventListener("input", () => { slider.value = field.value || field.placeholder; });
  });
  // htmx sends no form that holds what it must not
  form.addEventListener("input", () => {
    const wrong = [...form.elements].find((each) => !each.checkValidity());
    document.getElementById("what-if-problem").textContent = wrong ? `${wrong.labels[0].textContent}: ${wrong.validationMessage}` : "";
  });
  // what is supposed comes with what there is to draw
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    const drawn = document.getElementById("chart-data").dataset.weeks;
    if (event.detail.target.id === "chart-data" && drawn) draw(JSON.parse(drawn));
  });

  new ResizeObserver(() => {
    drawn.forEach((plot) => {
      const width = plot.root.parentElement.clientWidth;
      if (width && width !== plot.width) plot.setSize({ width, height: HEIGHT_PX });
    });
  }).observe(charts);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (latest) draw(latest); });
  load();
})();
