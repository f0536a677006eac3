// The first part: a window that moves over a small picture.

const conv = { at: 0, done: 1, timer: null, kernel: [], size: 3, picture: null, out: null, cells: [], outCells: [] };
const OWN = "own";
const LEARNED = "learned";

function setUpConvolution() {
  const { pictures, kernels } = data.convolution;
  pictures.forEach((picture, i) => $("conv-picture").append(make("option", { value: i, text: picture.name })));
  kernels.forEach((kernel, i) => $("conv-kernel").append(make("option", { value: i, text: kernel.name })));
  $("conv-kernel").append(make("option", { value: OWN, text: "your own" }));
  $("conv-kernel").value = 1;

  for (const id of ["picture", "stride", "padding", "dilation"]) $(`conv-${id}`).addEventListener("change", restart);
  $("conv-kernel").addEventListener("change", () => {
    takeKernel();
    restart();
  });
  for (const id of ["layer", "filter", "channel"]) {
    $(`conv-${id}`).addEventListener("change", () => {
      takeKernel();
      restart();
    });
  }
  $("conv-size").addEventListener("change", () => {
    resizeKernel(Number($("conv-size").value));
    restart();
  });
  $("conv-first").addEventListener("click", () => {
    stop();
    conv.done = 1;
    go(0);
  });
  $("conv-back").addEventListener("click", () => {
    stop();
    go(Math.max(0, conv.at - 1));
  });
  $("conv-step").addEventListener("click", () => {
    stop();
    go(Math.min(conv.out.values.length - 1, conv.at + 1));
  });
  $("conv-all").addEventListener("click", () => {
    stop();
    go(conv.out.values.length - 1);
  });
  $("conv-play").addEventListener("click", () => (conv.timer ? stop() : play()));
  $("conv-place").addEventListener("input", () => {
    stop();
    go(Number($("conv-place").value));
  });
  $("conv-output").addEventListener("keydown", moveByKey);
  dark.addEventListener("change", drawConvolution);
  new ResizeObserver(() => {
    if (conv.picture && !$("convolution").hidden) fitCells();
  }).observe($("conv-stage"));
  takeKernel();
  prepare();
}

// The network's own kernels, once its numbers are unpacked.
function offerLearned() {
  data.steps.forEach((step, i) => {
    if (step.op === "conv2d" && step.constants)
      $("conv-layer").append(make("option", { value: i, text: titleOf(step) }));
  });
  if ($("conv-layer").length)
    $("conv-kernel").append(make("option", { value: LEARNED, text: "learned by the network" }));
}

// The kernel that is chosen, as rows of numbers.
function takeKernel() {
  const chosen = $("conv-kernel").value;
  const learned = chosen === LEARNED;
  document.querySelectorAll("#conv-controls .learned").forEach((label) => {
    label.hidden = !learned;
  });
  if (chosen === OWN) return;
  let [kh, kw] = [3, 3];
  let values = null;
  if (!learned) {
    const { shape, numbers } = data.convolution.kernels[Number(chosen)];
    [[kh, kw], values] = [shape, numbers];
  } else {
    const place = data.steps[Number($("conv-layer").value)].constants[0];
    const [filters, channels] = place.shape;
    [kh, kw] = place.shape.slice(2);
    const [o, c] = [
      ["filter", filters],
      ["channel", channels],
    ].map(([id, count]) => {
      const input = $(`conv-${id}`);
      input.max = count - 1;
      input.value = Math.min(Math.max(0, Math.round(Number(input.value)) || 0), count - 1);
      return Number(input.value);
    });
    const from = (o * channels + c) * kh * kw;
    values = numbersAt(place).subarray(from, from + kh * kw);
  }
  conv.kernel = Array.from({ length: kh }, (_, p) => Array.from(values.subarray(p * kw, (p + 1) * kw)));
}

// Grow or cut the kernel, its middle staying the middle; it is then the user's own.
function resizeKernel(size) {
  const off = Math.floor((size - conv.kernel.length) / 2);
  const before = conv.kernel;
  conv.kernel = Array.from({ length: size }, (_, p) =>
    Array.from({ length: size }, (_, q) => before[p - off]?.[q - off] ?? 0),
  );
  $("conv-kernel").value = OWN;
  takeKernel();
}

const settings = () => ["stride", "padding", "dilation"].map((id) => Number($(`conv-${id}`).value));

// ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1
const places = (n, k, s, p, d) => Math.floor((n + 2 * p - d * (k - 1) - 1) / s) + 1;

function restart() {
  stop();
  prepare();
  drawConvolution();
}

function prepare() {
  const { shape, numbers } = data.convolution.pictures[Number($("conv-picture").value)];
  const [stride, padding, dilation] = settings();
  const [kh, kw] = [conv.kernel.length, conv.kernel[0].length];
  conv.picture = { values: numbers, shape };
  const [oh, ow] = [places(shape[0], kh, stride, padding, dilation), places(shape[1], kw, stride, padding, dilation)];
  const windows = [
    [kh, stride, dilation, padding],
    [kw, stride, dilation, padding],
  ];
  const fits = oh > 0 && ow > 0;
  const weight = Float32Array.from(conv.kernel.flat());
  conv.out = {
    h: fits ? oh : 0,
    w: fits ? ow : 0,
    values: fits ? conv2d(numbers, [1, ...shape], weight, [1, 1, kh, kw], null, windows, 1, [1, oh, ow]) : [],
  };
  conv.at = 0;
  conv.done = 1;
}

function drawConvolution() {
  if (!conv.picture) return;
  drawInput();
  drawKernel();
  drawOutput();
  drawFormula();
  fitCells();
  $("conv-place").max = Math.max(0, conv.out.values.length - 1);
  go(conv.at);
}

function drawInput() {
  const [, padding] = settings();
  const [h, w] = conv.picture.shape;
  const most = largest(conv.picture.values) || 1;
  const grid = $("conv-input");
  grid.replaceChildren();
  grid.style.setProperty("--columns", w + 2 * padding);
  grid.setAttribute(
    "aria-label",
    `Picture: ${$("conv-picture").selectedOptions[0].text}, ${h} × ${w} numbers` +
      (padding ? `, with a border of ${padding} of zeros` : ""),
  );
  $("conv-input-size").textContent = `${h} × ${w}` + (padding ? ` and a border of ${padding}` : "");
  conv.cells = [];
  for (let y = -padding; y < h + padding; y++) {
    for (let x = -padding; x < w + padding; x++) {
      const inside = y >= 0 && y < h && x >= 0 && x < w;
      const value = inside ? conv.picture.values[y * w + x] : 0;
      const cell = make("span", { class: inside ? "cell" : "cell border", text: inCell(value) });
      if (inside) paint(cell, grey(value / most));
      cell.addEventListener("pointerenter", () => showFed(y, x));
      cell.addEventListener("pointerleave", clearFed);
      conv.cells.push(cell);
      grid.append(cell);
    }
  }
  conv.columns = w + 2 * padding;
}

function drawKernel() {
  const [kh, kw] = [conv.kernel.length, conv.kernel[0].length];
  const most = largest(conv.kernel.flat().map(Math.abs)) || 1;
  const grid = $("conv-weights");
  grid.replaceChildren();
  grid.style.setProperty("--columns", kw);
  $("conv-kernel-size").textContent = `${kh} × ${kw}`;
  if (kh === kw) $("conv-size").value = kh;
  conv.kernel.forEach((row, p) =>
    row.forEach((weight, q) => {
      const input = make("input", {
        class: "cell",
        inputmode: "decimal",
        value: inCell(weight),
        title: String(weight),
        "aria-label": `weight, row ${p}, column ${q}`,
      });
      paint(input, signed(weight / most));
      input.addEventListener("focus", () => {
        input.value = String(Number(weight.toPrecision(7)));
        input.select();
      });
      input.addEventListener("change", () => typed(input, p, q));
      input.addEventListener("blur", () => {
        input.value = inCell(conv.kernel[p][q]);
      });
      grid.append(input);
    }),
  );
  const chosen = $("conv-kernel").value;
  $("conv-does").textContent =
    chosen === OWN
      ? "your own: any number, or a fraction such as 1/9"
      : chosen === LEARNED
        ? "what training made of this filter, for one channel of its input"
        : data.convolution.kernels[Number(chosen)].does;
}

// A number, or a fraction: 1/9
function typed(input, p, q) {
  const [above, below = "1"] = input.value.replace("−", "-").replace(",", ".").split("/");
  const weight = Math.fround(Number(above) / Number(below));
  const valid = above.trim() !== "" && below.trim() !== "" && Number.isFinite(weight);
  input.setAttribute("aria-invalid", String(!valid));
  if (!valid) {
    $("conv-does").textContent = `“${input.value}” is no number; type one such as -1, 0.5 or 1/9`;
    return;
  }
  conv.kernel = conv.kernel.map((row) => [...row]);
  conv.kernel[p][q] = weight;
  $("conv-kernel").value = OWN;
  takeKernel();
  restart();
  $("conv-weights").children[p * conv.kernel[0].length + q].focus();
}

function drawOutput() {
  const { h, w } = conv.out;
  const grid = $("conv-output");
  grid.replaceChildren();
  grid.style.setProperty("--columns", Math.max(1, w));
  $("conv-output-size").textContent = h ? `${h} × ${w}` : "";
  conv.outCells = [];
  for (let i = 0; i < h; i++) {
    const row = make("div", { role: "row", class: "row" });
    for (let j = 0; j < w; j++) {
      const n = i * w + j;
      const cell = make("span", { class: "cell", role: "gridcell", tabindex: n === conv.at ? 0 : -1 });
      cell.addEventListener("pointerenter", () => {
        if (!conv.timer) point(n);
      });
      cell.addEventListener("focus", () => {
        if (!conv.timer && conv.at !== n) go(n);
      });
      cell.addEventListener("click", () => {
        stop();
        go(n);
      });
      conv.outCells.push(cell);
      row.append(cell);
    }
    grid.append(row);
  }
  if (!h) grid.append(make("p", { class: "hint", text: "The window does not fit: there is no place for it." }));
}

// Cells as large as the page allows, so that nothing has to be scrolled.
function fitCells() {
  const width = $("conv-stage").clientWidth;
  const above = getComputedStyle($("conv-stage")).flexDirection === "column";
  const columns = above ? Math.max(conv.columns, conv.out.w) : conv.columns + conv.out.w;
  const room = above ? width - 8 : width - $("conv-weights").parentElement.offsetWidth - 150;
  const side = Math.max(18, Math.min(above ? 32 : 44, Math.floor(room / columns) - 2));
  for (const id of ["conv-input", "conv-output"]) $(id).style.setProperty("--cell", `${side}px`);
}

function drawFormula() {
  const [s, p, d] = settings();
  const [h, w] = conv.picture.shape;
  const [kh, kw] = [conv.kernel.length, conv.kernel[0].length];
  const line = (n, k) => `⌊(${n} + 2·${p} − ${d}·(${k} − 1) − 1) / ${s}⌋ + 1 = ${shown(places(n, k, s, p, d))}`;
  $("conv-formula").textContent = "⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1";
  $("conv-formula-numbers").textContent =
    h === w && kh === kw ? line(h, kh) : `down ${line(h, kh)}, across ${line(w, kw)}`;
  const reachOf = d * (kh - 1) + 1;
  $("conv-formula-said").textContent = conv.out.h
    ? `The window covers ${reachOf} × ${d * (kw - 1) + 1} pixels of ${h + 2 * p} × ${w + 2 * p}; it goes ${s} pixel${s > 1 ? "s" : ""} at a time.`
    : `The window covers ${reachOf} × ${d * (kw - 1) + 1} pixels, and there are only ${h + 2 * p} × ${w + 2 * p}: take less dilation, or more padding.`;
}
