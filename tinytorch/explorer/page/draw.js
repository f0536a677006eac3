// Colours and canvases. Signed numbers have one scale, the same on both sides of zero: blue, paper, orange, which
// people who see few colours can tell apart, too.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const ENDS = {
  light: [
    [0, 59, 142],
    [91, 146, 214],
    [246, 244, 239],
    [235, 150, 62],
    [158, 66, 0],
  ],
  dark: [
    [164, 205, 255],
    [52, 116, 205],
    [30, 33, 38],
    [190, 104, 20],
    [255, 200, 130],
  ],
};
const CIVIDIS = [
  [0, 32, 77],
  [55, 67, 107],
  [107, 109, 117],
  [163, 152, 108],
  [219, 203, 82],
  [255, 234, 70],
];

function between(stops, t) {
  const at = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((from, i) => Math.round(from + (stops[low + 1][i] - from) * (at - low)));
}

// t from −1 to 1
const signed = (t) => between(ENDS[dark.matches ? "dark" : "light"], (t + 1) / 2);
const grey = (t) =>
  between(
    [
      [0, 0, 0],
      [255, 255, 255],
    ],
    t,
  );
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

// Black or white, whichever can be read on a colour (WCAG's relative luminance).
function inkOn(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
}

let table = null; // 256 colours as the pixels of an ImageData want them
function signedTable() {
  if (!table) {
    table = Uint32Array.from({ length: 256 }, (_, i) => {
      const [r, g, b] = signed((i - 127.5) / 127.5);
      return (255 << 24) | (b << 16) | (g << 8) | r;
    });
  }
  return table;
}
dark.addEventListener("change", () => {
  table = null;
});

// The size that is full colour: of what is not 0, all but the strongest half per cent stay below it.
const reaches = new WeakMap();
function reach(values) {
  if (!reaches.has(values)) {
    const sizes = values
      .map(Math.abs)
      .filter((size) => size > 0)
      .sort();
    reaches.set(values, sizes[Math.floor(0.995 * (sizes.length - 1))] || 1);
  }
  return reaches.get(values);
}

// h × w numbers from `at` on as a small canvas, a pixel for each.
function planeOf(values, at, h, w, scale) {
  const canvas = new OffscreenCanvas(w, h);
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = signedTable();
  for (let i = 0; i < h * w; i++) {
    const level = 128 + (127.5 * values[at + i]) / scale;
    pixels[i] = colours[level < 0 ? 0 : level > 255 ? 255 : level | 0];
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// A picture (1 or 3 × h × w, 0 to 1) as a small canvas.
function pictureOf(values, [channels, h, w]) {
  const canvas = new OffscreenCanvas(w, h);
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  for (let i = 0; i < h * w; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * values[(channels === 3 ? c * h * w : 0) + i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Grad-CAM (h × w, 0 to its largest) as a canvas that is clear where nothing spoke for the class.
function heatOf(values, h, w) {
  const canvas = new OffscreenCanvas(w, h);
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  const most = largest(values) || 1;
  for (let i = 0; i < h * w; i++) {
    image.data.set(between(CIVIDIS, values[i] / most), 4 * i);
    image.data[4 * i + 3] = 60 + 140 * (values[i] / most);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Give a canvas a size in CSS pixels and as many of its own as the screen has; returns its context.
function sized(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.imageSmoothingEnabled = false;
  return context;
}

// A frame that shows on any colour: white within black.
function frame(context, x, y, width, height) {
  context.lineWidth = 3;
  context.strokeStyle = "#000";
  context.strokeRect(x, y, width, height);
  context.lineWidth = 1.5;
  context.strokeStyle = "#fff";
  context.strokeRect(x, y, width, height);
}

// A table of numbers: cells of a CSS grid, coloured. `colour` gives [r, g, b] for a value.
function numberGrid(rows, columns, valueAt, colour, digits, className = "") {
  const grid = make("div", { class: `grid small ${className}`, style: `--columns: ${columns}` });
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = valueAt(i, j);
      const cell = make("span", { class: "cell", text: value === null ? "" : inCell(value, digits) });
      if (value === null) cell.classList.add("outside");
      else paint(cell, colour(value));
      grid.append(cell);
    }
  }
  return grid;
}

function paint(cell, rgb) {
  cell.style.backgroundColor = css(rgb);
  cell.style.color = inkOn(rgb);
}
