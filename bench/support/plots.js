// Draws tables of the benchmarks as SVG, with ECharts, which needs no browser for that.
const echarts = require("echarts");
const { card, label, light, picture, sans } = require("../../scripts/pictures/svg.js");

/** @typedef {{ heading: string, header: string[], rows: string[][] }} Table */
/** @typedef {{ name: string, value: number, half?: readonly [from: number, to: number] }} Bar */

/** The Markdown tables of a text, each with the heading above it. @param {string} text @returns {Table[]} */
function tablesOf(text) {
  /** @type {Table[]} */
  const tables = [];
  let heading = "";
  /** @type {Table | undefined} */
  let table;
  for (const line of text.split("\n")) {
    if (!line.startsWith("|")) table = undefined;
    if (line.startsWith("#")) heading = line.replace(/^#+ */, "");
    if (!line.startsWith("|")) continue;
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (table === undefined) tables.push((table = { heading, header: cells, rows: [] }));
    else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) table.rows.push(cells);
  }
  return tables.filter(({ rows }) => rows.length > 0);
}

const isNumber = (cell = "") => /^-?\d+(\.\d+)?( [×%])?$/.test(cell);

/**
 * The first column with numbers, named by the cells before it. With the "middle half" beside it, if there is one.
 *
 * @param {Table} table
 * @returns {{ unit: string, bars: Bar[] } | undefined}
 */
function barsOf({ header, rows }) {
  const column = header.findIndex((_, at) => at > 0 && rows.every((row) => isNumber(row[at])));
  if (column === -1) return undefined;
  const bars = rows.map((row) => {
    const value = Number.parseFloat(row[column] ?? "");
    const [, from, to] = /^([\d.]+)–([\d.]+)$/.exec(row[column + 1] ?? "") ?? [];
    const name = row.slice(0, column).filter(Boolean).join(": ");
    return from === undefined
      ? { name, value }
      : { name, value, half: /** @type {const} */ ([Number(from), Number(to)]) };
  });
  return { unit: header[column] ?? "", bars };
}

const text = { color: light.text, fontFamily: sans, fontSize: 13 };
const line = { lineStyle: { color: light.border } };
const width = 760;

/**
 * @param {{ title: string, about: string, height: number }} what
 * @param {import("echarts").EChartsOption} option
 */
function plot({ title, about, height }, option) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ animation: false, backgroundColor: "transparent", textStyle: text, ...option });
  // Its style sheet is for a pointer on the chart, and counts the charts that were made before.
  const svg = chart
    .renderToSVGString()
    .replace(/<style[^>]*>[\s\S]*?<\/style>/g, "")
    .replace(/ class="[^"]*"/g, "");
  chart.dispose();
  const [outer, top] = [width + 40, 64];
  return picture(
    { width: outer, height: height + top + 12, title: `${title}: ${about}` },
    [
      card(outer, height + top + 12),
      label(24, 32, title, { size: 17, weight: 600 }),
      label(24, 53, about, { size: 13, fill: light.dim }),
      `<svg x="20" y="${top}" width="${width}" height="${height}">${svg}</svg>`,
    ].join("\n"),
  );
}

// A name that begins with an ellipsis goes on with this library, as "… where it needs the SDK".
const isOurs = (/** @type {string} */ name) => !/^(?!…).*(SDK|boto|raw|bare|rclone|aws|s3cmd)/i.test(name);

/** About how wide the widest of them is. ECharts needs a browser to measure text. @param {readonly string[]} texts */
const widthOf = (texts) => 7.5 * Math.max(...texts.map(({ length }) => length));

/**
 * @param {{ title: string, about: string, bars: Bar[], digits?: number }} what
 */
function barPlot({ title, about, bars, digits = 0 }) {
  const names = bars.map(({ name }) => name);
  const figures = bars.map(({ value, half }) => {
    const [from, to] = (half ?? []).map((end) => end.toFixed(digits));
    return value.toFixed(digits) + (from === undefined ? "" : `   (${from}–${to})`);
  });
  return plot(
    { title, about, height: bars.length * 30 + 12 },
    {
      grid: {
        left: 20 + widthOf(names),
        right: 20 + widthOf(figures),
        top: 4,
        bottom: 4,
      },
      xAxis: { type: "value", show: false },
      yAxis: {
        type: "category",
        inverse: true,
        data: names,
        axisLabel: text,
        axisTick: { show: false },
        axisLine: line,
      },
      series: [
        {
          type: "bar",
          barWidth: 18,
          silent: true,
          data: bars.map(({ name, value }, at) => ({
            value,
            label: { formatter: figures[at] ?? "" },
            itemStyle: { color: isOurs(name) ? light.accent : light.bar },
          })),
          label: { ...text, show: true, position: "right" },
        },
      ],
    },
  );
}

/**
 * @param {{ title: string, about: string, sizes: string[], series: { name: string, values: number[], colour: string }[] }} what
 */
function linePlot({ title, about, sizes, series }) {
  return plot(
    { title, about, height: 300 },
    {
      grid: { left: 70, right: 130, top: 12, bottom: 30 },
      xAxis: { type: "category", data: sizes, axisLabel: text, axisLine: line, axisTick: { show: false } },
      yAxis: {
        type: "log",
        axisLabel: {
          ...text,
          formatter: (/** @type {number} */ ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`),
        },
        splitLine: line,
      },
      series: series.map(({ name, values, colour }) => ({
        type: "line",
        name,
        data: values,
        silent: true,
        symbol: "circle",
        symbolSize: 9,
        lineStyle: { color: colour, width: 3 },
        itemStyle: { color: colour },
        endLabel: { ...text, show: true, formatter: name },
      })),
    },
  );
}

/** Every table of a run, as files by name. @param {string} run @returns {Record<string, string>} */
function plotsOfRun(run) {
  /** @type {Record<string, string>} */
  const plots = {};
  for (const table of tablesOf(run)) {
    const found = barsOf(table);
    if (found === undefined) continue;
    const digits = Math.max(...found.bars.map(({ value }) => (String(value).split(".")[1] ?? "").length));
    const name = table.heading
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "");
    let free = name;
    for (let number = 2; free in plots; number += 1) free = `${name}-${number}`;
    plots[free] = barPlot({ title: table.heading, about: found.unit, bars: found.bars, digits });
  }
  return plots;
}

/** The plots of the pages, from the results in bench/README.md. @param {string} results */
function plotsOfResults(results) {
  const tables = tablesOf(results);
  /** @param {RegExp} heading */
  const bars = (heading) => {
    const table = tables.find((candidate) => heading.test(candidate.heading));
    const found = table && barsOf(table);
    if (found === undefined) throw new Error(`bench/README.md has no table under ${String(heading)}`);
    return found.bars;
  };
  /** @param {Bar[]} among @param {RegExp} name */
  const valueOf = (among, name) => {
    const bar = among.find((candidate) => name.test(candidate.name));
    if (bar === undefined) throw new Error(`bench/README.md has no row ${String(name)}`);
    return bar.value;
  };
  const bulk = bars(/^1000 values of 1 KB, 20 ms a round trip, concurrency/);
  const bySize = [
    bars(/^20 ms a round trip: read/),
    bars(/^100 MB over the local S3, 20 ms/),
    bars(/^1000 MB over the local S3, 20 ms/),
  ];
  return {
    latency: barPlot({
      title: "Read a value of 1 KB",
      about: "ms a call, median and middle half; a server on the same machine answers at once",
      bars: bars(/^a canned responder: read/),
      digits: 2,
    }),
    bulk: barPlot({
      title: "1000 values of 1 KB",
      about: "values a second, median and middle half; 20 ms a round trip, at most 64 requests at a time",
      bars: bulk.map(({ name, value, half = [value, value] }) => ({
        name,
        value: 1e6 / value,
        half: [1e6 / half[1], 1e6 / half[0]],
      })),
    }),
    sizes: linePlot({
      title: "Read one value, by its size",
      about: "time of one call, median; 20 ms a round trip, 50 MB/s a connection",
      sizes: ["1 KB", "100 MB", "1000 MB"],
      series: [
        {
          name: "the SDK, awaited",
          values: bySize.map((among) => valueOf(among, /the SDK/)),
          colour: light.bar,
        },
        {
          name: "s3bucketmap",
          values: bySize.map((among) => valueOf(among, /this library|s3bucketmap, atomics/)),
          colour: light.accent,
        },
      ],
    }),
  };
}

module.exports = { plotsOfResults, plotsOfRun, tablesOf };
