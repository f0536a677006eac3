// The third part: the picture is moved by whole pixels, and what each layer makes of it is measured.

const FURTHEST = 4; // pixels
const moved = { picture: 0, x: 0, y: 0, rows: [], drag: null };

function setUpShift() {
  thumbnails($("shift-pictures"), (n) => {
    moved.picture = n;
    chooseMaps();
    drawShift();
  });
  for (const axis of ["x", "y"]) {
    const slider = $(`shift-${axis}`);
    [slider.min, slider.max] = [-FURTHEST, FURTHEST];
    slider.addEventListener("input", () => {
      moved[axis] = Number(slider.value);
      drawShift();
    });
  }
  $("shift-reset").addEventListener("click", () => push(0, 0));
  const canvas = $("shift-picture");
  canvas.addEventListener("keydown", (event) => {
    const [x, y] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] || [0, 0];
    if (!x && !y) return;
    event.preventDefault();
    push(moved.x + x, moved.y + y);
  });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    moved.drag = { x: event.clientX - moved.x * pixelSide(), y: event.clientY - moved.y * pixelSide() };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!moved.drag) return;
    push(
      Math.round((event.clientX - moved.drag.x) / pixelSide()),
      Math.round((event.clientY - moved.drag.y) / pixelSide()),
    );
  });
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, () => {
      moved.drag = null;
    });
  data.steps.forEach((step, i) => {
    if (i && step.shape.length === 3 && isShown(step)) addShiftRow(step, i);
  });
  dark.addEventListener("change", () => {
    if (!$("shift").hidden) drawShift();
  });
  chooseMaps();
}

const SHIFT_SIDE = 208;
const pixelSide = () => SHIFT_SIDE / data.steps[0].shape[2];

function push(x, y) {
  const limit = (value) => Math.max(-FURTHEST, Math.min(FURTHEST, value));
  if (limit(x) === moved.x && limit(y) === moved.y) return;
  [moved.x, moved.y] = [limit(x), limit(y)];
  drawShift();
}

function addShiftRow(step, i) {
  const canvases = ["before", "now"].map((when) => make("canvas", { role: "img", "data-when": when }));
  const cells = [
    ["stood", "where it stood"],
    ["along", "moved along"],
    ["mean", "mean of each map"],
  ].map(([kind, label]) => make("td", { class: kind, "data-label": label }));
  const row = make(
    "tr",
    { "data-step": i },
    make("th", { scope: "row" }, make("b", { text: titleOf(step) })),
    make("td", { class: "pair" }, ...canvases),
    ...cells,
  );
  moved.rows.push({ step: i, canvases, cells, map: 0 });
  $("shift-table").tBodies[0].append(row);
}

function chooseMaps() {
  const values = valuesOf(moved.picture);
  for (const row of moved.rows) row.map = strongest(data.steps[row.step], values[row.step]).map;
}

// The picture moved right by x and down by y; what comes in at an edge repeats that edge.
function shifted(values, [channels, h, w], x, y) {
  const out = new Float32Array(values.length);
  const limit = (at, size) => Math.max(0, Math.min(size - 1, at));
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) out[(c * h + i) * w + j] = values[(c * h + limit(i - y, h)) * w + limit(j - x, w)];
    }
  }
  return out;
}

// ‖now − before‖ / ‖before‖, a pair of numbers at a time.
function change(pairs) {
  let [difference, size] = [0, 0];
  pairs((now, before) => {
    difference += (now - before) ** 2;
    size += before ** 2;
  });
  return size ? Math.sqrt(difference / size) : 0;
}

const everywhere = (now, before) => (pair) => now.forEach((v, i) => pair(v, before[i]));

function means(values, [channels, h, w]) {
  return Float64Array.from(
    { length: channels },
    (_, c) => sumOf(values.subarray(c * h * w, (c + 1) * h * w)) / (h * w),
  );
}

// How much the maps differ after they, too, are moved: only where no window, before or now, touched the border. A
// string says why there is nothing to compare.
function afterMoving(step, now, before) {
  const [channels, h, w] = step.shape;
  if (!step.field || step.field.some((axis) => !axis.size)) return "there is no formula for what its places see";
  if (step.field.some((axis) => !axis.jump)) return "it sees everything";
  const by = [moved.y, moved.x].map((pixels, i) => pixels / step.field[i].jump);
  if (!by.every(Number.isInteger)) return `${step.field[1].jump} pixels are one place here: no whole move`;
  const inside = [0, 1].map((i) => {
    const { size, jump, start } = step.field[i];
    const pixels = [moved.y, moved.x][i];
    const count = [h, w][i];
    const length = data.steps[0].shape[i + 1];
    return Array.from({ length: count }, (_, at) => start + jump * at)
      .map((from, at) => (from >= Math.max(0, pixels) && from + size <= length + Math.min(0, pixels) ? at : -1))
      .filter((at) => at >= 0);
  });
  if (!inside[0].length || !inside[1].length) return "every place sees the border";
  return change((pair) => {
    for (let c = 0; c < channels; c++) {
      for (const i of inside[0]) {
        for (const j of inside[1]) pair(now[(c * h + i) * w + j], before[(c * h + i - by[0]) * w + j - by[1]]);
      }
    }
  });
}

function drawShift() {
  const picture = data.pictures[moved.picture];
  const [, h, w] = picture.shown.shape;
  const before = valuesOf(moved.picture);
  const now = moved.x || moved.y ? forward(shifted(before[0], data.steps[0].shape, moved.x, moved.y)) : before;
  const tall = (SHIFT_SIDE * h) / w;
  const pixels = shifted(numbersAt(picture.shown), picture.shown.shape, moved.x, moved.y);
  sized($("shift-picture"), SHIFT_SIDE, tall).drawImage(pictureOf(pixels, picture.shown.shape), 0, 0, SHIFT_SIDE, tall);
  const directions = [
    [moved.x, "right", "left"],
    [moved.y, "down", "up"],
  ]
    .filter(([by]) => by)
    .map(([by, there, back]) => `${Math.abs(by)} pixel${Math.abs(by) > 1 ? "s" : ""} ${by > 0 ? there : back}`);
  $("shift-said").textContent = directions.length
    ? `moved ${directions.join(" and ")}`
    : "as it was: drag it, or use the arrow keys";
  for (const axis of ["x", "y"]) {
    $(`shift-${axis}`).value = moved[axis];
    $(`shift-${axis}-said`).textContent = shown(moved[axis]);
  }
  moved.rows.forEach((row) => drawShiftRow(row, now[row.step], before[row.step]));
  drawBothScores(softmax(now.at(-1)));
}

function drawShiftRow(row, now, before) {
  const step = data.steps[row.step];
  const [, h, w] = step.shape;
  const scale = reach(before);
  const side = h * w === 1 ? 14 : 64;
  [before, now].forEach((values, i) => {
    const context = sized(row.canvases[i], side, (side * h) / w);
    context.drawImage(planeOf(values, row.map * h * w, h, w, scale), 0, 0, side, (side * h) / w);
    row.canvases[i].setAttribute("aria-label", `map ${row.map}, ${["before", "now"][i]}`);
  });
  const along = afterMoving(step, now, before);
  const shares = [
    change(everywhere(now, before)),
    along,
    change(everywhere(means(now, step.shape), means(before, step.shape))),
  ];
  row.cells.forEach((cell, i) => {
    const number = typeof shares[i] === "number";
    cell.classList.toggle("none", !number);
    cell.textContent = number ? percent(shares[i]) : shares[i];
    if (number) cell.style.setProperty("--share", Math.min(1, shares[i]));
    else cell.style.removeProperty("--share");
  });
}

function drawBothScores(now) {
  const before = probabilitiesOf(moved.picture);
  $("shift-scores").replaceChildren(
    ...data.classes.map((name, c) => {
      const bars = [before[c], now[c]].map((p, i) => {
        const bar = make("span", { class: i ? "bar" : "bar was" });
        bar.style.width = `${100 * p}%`;
        return bar;
      });
      return make(
        "div",
        { class: "score", role: "img", "aria-label": `${name}: before ${percent(before[c])}, now ${percent(now[c])}` },
        make("span", { class: "name", text: name }),
        make("span", { class: "track" }, ...bars),
        make("span", { class: "share", text: percent(now[c]) }),
      );
    }),
  );
}
