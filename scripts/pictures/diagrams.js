// The two diagrams: how a call reaches S3, and how layers stand on each other.
const { card, label, light, mono, picture } = require("./svg.js");

const { accent, border, box, dim } = light;

/** An arrow between two points on one line, horizontal or vertical. */
const arrow = (
  /** @type {number} */ x1,
  /** @type {number} */ y1,
  /** @type {number} */ x2,
  /** @type {number} */ y2,
  colour = accent,
) => {
  const [dx, dy] = [Math.sign(x2 - x1), Math.sign(y2 - y1)];
  const head = [
    [x2, y2],
    [x2 - 9 * dx + 5 * dy, y2 - 9 * dy + 5 * dx],
    [x2 - 9 * dx - 5 * dy, y2 - 9 * dy - 5 * dx],
  ];
  return (
    `<path d="M${x1} ${y1}L${x2 - 8 * dx} ${y2 - 8 * dy}" stroke="${colour}" stroke-width="2" fill="none"/>` +
    `<path d="M${head.map((point) => point.join(" ")).join("L")}Z" fill="${colour}"/>`
  );
};

const rectangle = (
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {number} */ width,
  /** @type {number} */ height,
  fill = box,
  stroke = border,
) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>`;

function threadsPicture() {
  const [width, height] = [800, 330];
  const columns = [
    { x: 130, name: "your program", below: "the calling thread" },
    { x: 415, name: "the worker thread", below: "AWS SDK, retries, deadlines" },
    { x: 675, name: "S3", below: "or the local S3" },
  ];
  const [program, worker, service] = columns.map(({ x }) => x);
  if (program === undefined || worker === undefined || service === undefined)
    throw new Error("three columns");
  const heads = columns.map(
    ({ x, name, below }) =>
      rectangle(x - 105, 22, 210, 54) +
      label(x, 45, name, { anchor: "middle", weight: 600, size: 15 }) +
      label(x, 65, below, { anchor: "middle", fill: dim, size: 13 }),
  );
  const lines = columns.map(
    ({ x }) => `<path d="M${x} 76V${height - 22}" stroke="${border}" stroke-width="2" fill="none"/>`,
  );
  const messages = [
    [program + 8, 140, worker - 8, "the call"],
    [worker + 8, 172, service, "GET /my-bucket/city"],
    [service, 220, worker + 8, "200, Bonn"],
    [worker - 8, 252, program + 8, "the value wakes it"],
  ];
  const body = [
    card(width, height),
    ...lines,
    ...heads,
    rectangle(program - 8, 140, 16, 112, light.bar, light.bar),
    rectangle(worker - 8, 140, 16, 112, accent, accent),
    label(program - 18, 122, "bucket.city", { font: mono, anchor: "end" }),
    label(program - 18, 192, "blocked:", { anchor: "end", fill: dim, size: 13 }),
    label(program - 18, 210, "it waits", { anchor: "end", fill: dim, size: 13 }),
    ...messages.map(([from, y, to, what]) => {
      const [start, end] = [Number(from), Number(to)];
      return (
        arrow(start, Number(y), end, Number(y)) +
        label((start + end) / 2, Number(y) - 8, String(what), { anchor: "middle", size: 13 })
      );
    }),
    label(program - 18, 282, '"Bonn"', { font: mono, anchor: "end" }),
  ];
  return picture(
    { width, height, title: "A call blocks the calling thread while the worker thread asks S3" },
    body.join("\n"),
  );
}

/** From the program down to S3. */
const stack = [
  { name: "asObject", does: "bucket.user reads and writes the key “user”", gives: "{ name: 'Ann' }" },
  { name: "json", does: "values become text", gives: '{"name":"Ann"}' },
  { name: "cache", does: "keeps values in memory: a read may need no request", gives: '{"name":"Ann"}' },
  { name: "gzip", does: "compresses", gives: "fewer bytes" },
  { name: "encrypt", does: "encrypts with your key", gives: "encrypted bytes" },
  { name: "S3BucketMap", does: "makes requests of calls", gives: "PUT, GET" },
];

function layersPicture() {
  const [left, top, step, boxWidth] = [64, 62, 50, 500];
  const width = 800;
  const foot = top + stack.length * step;
  const height = foot + 76;
  const rows = stack.map(({ name, does, gives }, at) => {
    const y = top + at * step;
    return (
      rectangle(left, y, boxWidth, 42) +
      label(left + 14, y + 27, name, { font: mono, weight: 600 }) +
      label(left + 118, y + 26, does, { size: 13, fill: dim }) +
      label(left + boxWidth + 62, y + 27, gives, { font: mono, size: 13 })
    );
  });
  const body = [
    card(width, height),
    label(left, 40, "asObject(json(cache(gzip(encrypt(map, key)))))", { font: mono, size: 15, weight: 600 }),
    label(left + boxWidth + 62, 40, "what goes down", { size: 13, fill: dim }),
    ...rows,
    label(34, 40, "read", { size: 13, fill: dim, anchor: "middle" }),
    arrow(34, foot + 48, 34, top),
    label(left + boxWidth + 28, 40, "write", { size: 13, fill: dim, anchor: "middle" }),
    arrow(left + boxWidth + 28, top, left + boxWidth + 28, foot + 48),
    rectangle(left, foot + 6, boxWidth, 42, light.card),
    label(left + 14, foot + 33, "S3", { weight: 600, size: 15 }),
    label(left + 118, foot + 32, "stores what the lowest layer made", { size: 13, fill: dim }),
  ];
  return picture(
    { width, height, title: "Layers stand on each other, and the lowest on S3" },
    body.join("\n"),
  );
}

module.exports = { layersPicture, threadsPicture };
