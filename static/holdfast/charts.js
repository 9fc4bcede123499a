// Charts. Each <div class="chart" data-chart="KIND" data-source="ID"> is drawn from the JSON in the element of that
// id (Django's json_script), and stands beside a table that says the same. Kinds and their data:
//   line         {points: [["2026-11-21", 0.71], …], unit: "percent"|"money", band or colour}
//   bars         {bars: [{label, value, colour, url}], unit}               horizontal, longest first as given
//   stacked      {categories: ["Dec", …], series: [{name, colour, values: […]}], unit}
//   lines        {series: [{name, points: [["2026-11-21", 0.1], …]}], unit: "percent"}   two, told apart by dashes too
//   calibration  {points: [{said, happened, accounts, low, high}]}         shares of 0 to 1; low and high may be left out
// Tooltips are drawn on the canvas (richText): the content security policy allows no inline styles.
(function () {
  "use strict";

  const root = document.documentElement;
  const locale = (root.dataset.locale || "en-GB").replace("_", "-");
  const currency = root.dataset.currency || "GBP";
  const writers = {
    percent: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }),
    money: new Intl.NumberFormat(locale, { style: "currency", currency, notation: "compact", maximumFractionDigits: 1 }),
    number: new Intl.NumberFormat(locale),
  };
  const days = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
  const write = (unit) => (value) => writers[unit || "number"].format(value);

  // A custom property may hold light-dark(); only a used value says which of the two it is.
  function tokens(element) {
    const probe = element.appendChild(document.createElement("span"));
    const colour = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
    const found = {
      text: getComputedStyle(element).color, font: getComputedStyle(element).fontFamily,
      critical: colour("--critical"), at_risk: colour("--at-risk"), watch: colour("--watch"), low: colour("--low"),
      quiet: colour("--quiet"), line: colour("--line"), surface: colour("--surface"), accent: colour("--accent"),
    };
    probe.remove();
    return found;
  }

  function frame(look) {
    return {
      animation: false,
      textStyle: { fontFamily: look.font, color: look.text },
      aria: { enabled: true },
      grid: { left: 8, right: 24, top: 16, bottom: 8, containLabel: true },
      tooltip: {
        renderMode: "richText", confine: true, backgroundColor: look.surface, borderColor: look.line,
        textStyle: { color: look.text, fontFamily: look.font, fontSize: 13 },
      },
    };
  }
  function valueAxis(look, unit, rest) {
    return {
      type: "value", axisLabel: { color: look.quiet, formatter: write(unit) },
      splitLine: { lineStyle: { color: look.line } }, ...rest,
    };
  }
  function nameAxis(look, names, rest) {
    return {
      type: "category", data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: look.line } },
      axisLabel: { color: look.quiet }, ...rest,
    };
  }

  const kinds = {
    line(data, look) {
      // A share never reaches beyond all of it.
      const highest = Math.max(...data.points.map((point) => point[1]));
      const top = data.unit === "percent" ? Math.min(1, Math.max(0.1, Math.ceil(highest * 10) / 10)) : null;
      const colour = data.colour || (data.band ? look[data.band] : look.accent);
      return {
        ...frame(look),
        xAxis: { type: "time", axisLabel: { color: look.quiet, hideOverlap: true }, axisLine: { lineStyle: { color: look.line } }, splitLine: { show: false } },
        yAxis: valueAxis(look, data.unit, top ? { min: 0, max: top, interval: top / 2 } : { min: 0, splitNumber: 3 }),
        tooltip: { ...frame(look).tooltip, trigger: "axis", formatter: ([at]) => `${days.format(new Date(at.value[0]))}: ${write(data.unit)(at.value[1])}` },
        series: [{ type: "line", data: data.points, showSymbol: data.points.length < 3, lineStyle: { color: colour, width: 2 }, itemStyle: { color: colour }, areaStyle: { color: colour, opacity: 0.1 } }],
      };
    },
    lines(data, look) {
      const colours = [look.quiet, look.accent];
      return {
        ...frame(look),
        grid: { ...frame(look).grid, top: 32 },
        legend: { top: 0, left: 0, textStyle: { color: look.text }, itemWidth: 22 },
        xAxis: { type: "time", axisLabel: { color: look.quiet, hideOverlap: true }, axisLine: { lineStyle: { color: look.line } }, splitLine: { show: false } },
        yAxis: valueAxis(look, data.unit, { min: 0, splitNumber: 3 }),
        tooltip: {
          ...frame(look).tooltip, trigger: "axis",
          formatter: (all) => [days.format(new Date(all[0].value[0])), ...all.map((at) => `${at.seriesName} ${write(data.unit)(at.value[1])}`)].join("\n"),
        },
        series: data.series.map((one, number) => ({
          type: "line", name: one.name, data: one.points, symbolSize: 6, itemStyle: { color: colours[number] },
          lineStyle: { color: colours[number], width: 2, type: number ? "solid" : "dashed" },
        })),
      };
    },
    bars(data, look) {
      return {
        ...frame(look),
        grid: { ...frame(look).grid, right: 64 },
        xAxis: valueAxis(look, data.unit, { axisLabel: { show: false }, splitLine: { show: false } }),
        yAxis: nameAxis(look, data.bars.map((bar) => bar.label), { inverse: true, axisLine: { show: false }, axisLabel: { color: look.text, width: 150, overflow: "truncate" } }),
        tooltip: { ...frame(look).tooltip, formatter: (at) => `${at.name}: ${write(data.unit)(at.value)}` },
        series: [{
          type: "bar", barMaxWidth: 16,
          data: data.bars.map((bar) => ({ value: bar.value, itemStyle: { color: bar.colour || look.accent } })),
          label: { show: true, position: "right", color: look.text, formatter: (at) => write(data.unit)(at.value) },
        }],
      };
    },
    stacked(data, look) {
      const narrow = window.innerWidth < 720;
      const legend = { type: "scroll", textStyle: { color: look.text }, icon: "rect", itemWidth: 14, itemHeight: 10 };
      return {
        ...frame(look),
        grid: { ...frame(look).grid, right: narrow ? 8 : 190, bottom: narrow ? 36 : 8 },
        legend: narrow ? { ...legend, bottom: 0, left: 0 } : { ...legend, orient: "vertical", right: 0, top: "middle" },
        xAxis: nameAxis(look, data.categories),
        yAxis: valueAxis(look, data.unit),
        tooltip: { ...frame(look).tooltip, formatter: (at) => `${at.seriesName}, ${at.name}: ${write(data.unit)(at.value)}` },
        series: data.series.map((one) => ({ type: "bar", stack: "all", name: one.name, data: one.values, barMaxWidth: 40, itemStyle: { color: one.colour } })),
      };
    },
    calibration(data, look) {
      // Where few leave, all points lie in one corner: the axes end at the next tenth above them.
      const highest = Math.max(...data.points.map((point) => Math.max(point.said, point.happened, point.high || 0)));
      const top = Math.min(1, Math.max(0.2, Math.ceil(highest * 10) / 10));
      const axis = (name, rest) => valueAxis(look, "percent", { min: 0, max: top, interval: top > 0.5 ? 0.2 : 0.1, name, nameTextStyle: { color: look.quiet }, ...rest });
      const ranges = data.points.filter((point) => point.high !== undefined).map((point) => ({
        type: "line", silent: true, showSymbol: false, data: [[point.said, point.low], [point.said, point.high]],
        lineStyle: { color: look.accent, opacity: 0.45, width: 3 },
      }));
      return {
        ...frame(look),
        grid: { ...frame(look).grid, top: 32, bottom: 28 },
        xAxis: axis("said", { nameLocation: "middle", nameGap: 28 }),
        yAxis: axis("left", {}),
        tooltip: { ...frame(look).tooltip, formatter: (at) => at.data.words || "" },
        series: [
          { type: "line", data: [[0, 0], [top, top]], showSymbol: false, silent: true, lineStyle: { type: "dashed", color: look.quiet } },
          ...ranges,
          {
            type: "line", symbolSize: 8, lineStyle: { color: look.accent }, itemStyle: { color: look.accent },
            data: data.points.map((point) => ({
              value: [point.said, point.happened],
              words: `said ${write("percent")(point.said)}, ${write("percent")(point.happened)} of ${write("number")(point.accounts)} left`,
            })),
          },
        ],
      };
    },
  };

  function draw(element) {
    const source = document.getElementById(element.dataset.source);
    const data = JSON.parse(source.textContent);
    const chart = window.echarts.getInstanceByDom(element) || window.echarts.init(element, null, { renderer: "canvas" });
    chart.setOption(kinds[element.dataset.chart](data, tokens(element.parentElement)), true);
    chart.off("click");
    chart.on("click", (at) => {
      const bar = (data.bars || [])[at.dataIndex];
      if (bar && bar.url) window.location.assign(bar.url);
    });
    return chart;
  }

  function drawAll() { document.querySelectorAll(".chart[data-chart]").forEach(draw); }

  drawAll();
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const chart = window.echarts.getInstanceByDom(target);
    if (chart) chart.resize();
  }));
  document.querySelectorAll(".chart[data-chart]").forEach((element) => sizes.observe(element));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(drawAll));
  document.addEventListener("htmx:afterSettle", drawAll);
})();
