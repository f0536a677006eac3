// The second part: the maps of every layer for one picture.

const net = { picture: 0, step: 0, map: 0, row: 0, column: 0, heat: 0, rows: [] };

// What a reader would call a step. A sum over all places that is divided afterwards is a mean: one row, not two.
const SPOKEN = {
  picture: "Picture",
  conv2d: "Convolution",
  relu: "ReLU",
  leaky_relu: "Leaky ReLU",
  max_pool2d: "Max pooling",
  avg_pool2d: "Mean pooling",
  normalize: "Batch norm",
  add: "Sum of two ways",
  linear: "Linear",
  sum: "Sum over places",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
};
const kindOf = (step) => (isMean(step) ? "Mean over places" : SPOKEN[step.op] || step.op);
const isMean = (step) => step.op === "div" && step.inputs.length === 1 && data.steps[step.inputs[0]].op === "sum";
const isShown = (step) =>
  step.op !== "reshape" &&
  !(step.op === "sum" && data.steps.some((other) => isMean(other) && data.steps[other.inputs[0]] === step));
// A layer of a Sequential has a number for a name; a function without a layer is named after what it does.
const titleOf = (step) =>
  /^\d/.test(step.name)
    ? `${kindOf(step)}, layer ${step.name}`
    : `${kindOf(step)} ${step.name.replace(/^.* (\d+)$/, "$1")}`;
const planes = (step) => (step.shape.length === 3 ? step.shape : [product(step.shape), 1, 1]);

function setUpNetwork() {
  thumbnails($("net-pictures"), (n) => {
    net.picture = n;
    net.heat = bestClass(n);
    drawNetwork();
  });
  data.steps.forEach((step, i) => {
    if (i && isShown(step)) addLayer(step, i);
  });
  const first = data.steps.findIndex((step) => step.op === "conv2d");
  Object.assign(net, { step: first, heat: bestClass(0), ...strongest(data.steps[first], valuesOf(0)[first]) });
  $("net-cam-on").addEventListener("change", drawCam);
  $("net-map").addEventListener("click", pickPlace);
  $("net-map").addEventListener("keydown", movePlace);
  dark.addEventListener("change", drawNetwork);
  new ResizeObserver(() => {
    if (!$("network").hidden) drawLayers();
  }).observe($("net-layers"));
}

const probabilitiesOf = (n) =>
  numbersAt(data.probabilities).subarray(n * data.classes.length, (n + 1) * data.classes.length);
const bestClass = (n) => probabilitiesOf(n).reduce((best, p, c, all) => (p > all[best] ? c : best), 0);
const shownPicture = (n) => pictureOf(numbersAt(data.pictures[n].shown), data.pictures[n].shown.shape);

// The map with the largest numbers, and in it the place of the largest: there is most to see.
function strongest(step, values) {
  const [channels, h, w] = planes(step);
  const energies = Array.from({ length: channels }, (_, c) => norm(values.subarray(c * h * w, (c + 1) * h * w)));
  const map = energies.indexOf(largest(energies));
  const sizes = Array.from(values.subarray(map * h * w, (map + 1) * h * w), Math.abs);
  const at = sizes.indexOf(largest(sizes));
  return { map, row: Math.floor(at / w), column: at % w };
}

const norm = (values) => Math.sqrt(values.reduce((total, v) => total + v * v, 0));

// The pictures to choose from; `choose` gets the number of one.
function thumbnails(group, choose) {
  data.pictures.forEach((picture, n) => {
    const canvas = make("canvas", { "aria-hidden": "true" });
    const said = data.classes[bestClass(n)];
    const name =
      picture.label === null
        ? `${picture.name || `picture ${n}`}: ${said}?`
        : picture.name === said
          ? said
          : `${picture.name}, seen as ${said}`;
    const button = make(
      "button",
      { role: "radio", class: "thumb", "aria-checked": String(n === 0), tabindex: n ? -1 : 0 },
      canvas,
      make("span", { text: name }),
    );
    const take = () => {
      [...group.children].forEach((other) => {
        other.setAttribute("aria-checked", String(other === button));
        other.tabIndex = other === button ? 0 : -1;
      });
      choose(n);
    };
    button.addEventListener("click", take);
    group.append(button);
    sized(canvas, 56, 56).drawImage(shownPicture(n), 0, 0, 56, 56);
  });
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...group.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    next.click();
  });
}

function addLayer(step, i) {
  const [channels, h, w] = planes(step);
  const size = h * w === 1 ? `${channels} numbers` : `${channels} map${channels > 1 ? "s" : ""} of ${h} × ${w}`;
  const field = step.field && step.field[0].size;
  const sees = field ? ` · each number sees ${field} × ${step.field[1].size} pixels` : "";
  const canvas = make("canvas", {
    tabindex: 0,
    role: "slider",
    "aria-valuemin": 0,
    "aria-valuemax": channels - 1,
    "aria-label": `${titleOf(step)}: ${size}`,
  });
  const row = make(
    "div",
    { class: "layer", "data-step": i },
    make("h3", {}, make("b", { text: titleOf(step) }), ` · ${size}${sees}`),
    canvas,
    make("p", { class: "hint scale" }),
  );
  const entry = { step: i, row, canvas, note: row.lastChild, spots: null };
  canvas.addEventListener("click", (event) => pickMap(entry, event));
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: entry.spots.across, ArrowUp: -entry.spots.across }[event.key];
    if (event.key === "Enter") $("net-map").focus();
    if (by === undefined) return;
    event.preventDefault();
    const to = net.step === i ? net.map + by : 0;
    if (to >= 0 && to < channels) look(i, to, net.step === i ? net.row : h >> 1, net.step === i ? net.column : w >> 1);
  });
  canvas.addEventListener("focus", () => tellMap(entry));
  net.rows.push(entry);
  $("net-layers").append(row);
}

function drawNetwork() {
  drawScores();
  drawCam();
  drawLayers();
  look(net.step, net.map, net.row, net.column);
}

function drawScores() {
  const probabilities = probabilitiesOf(net.picture);
  const truth = data.pictures[net.picture].label;
  $("net-scores").replaceChildren(
    ...data.classes.map((name, c) => {
      const bar = make("span", { class: "bar" });
      bar.style.width = `${100 * probabilities[c]}%`;
      return make(
        "button",
        {
          class: "score",
          "aria-pressed": String(c === net.heat),
          "aria-label": `${name}: ${percent(probabilities[c])}${truth === c ? ", the truth" : ""}`,
          on: {
            click: () => {
              net.heat = c;
              drawScores();
              drawCam();
              $("net-scores").children[c].focus();
              look(data.steps.length - 1, c, 0, 0, false);
            },
          },
        },
        make("span", { class: "name", text: name + (truth === c ? " ✓" : "") }),
        make("span", { class: "track" }, bar),
        make("span", { class: "share", text: percent(probabilities[c]) }),
      );
    }),
  );
}

function drawCam() {
  const picture = data.pictures[net.picture];
  const side = 208;
  const [, h, w] = picture.shown.shape;
  const context = sized($("net-cam"), side, Math.round((side * h) / w));
  context.drawImage(shownPicture(net.picture), 0, 0, side, (side * h) / w);
  const name = data.classes[net.heat];
  const [, ch, cw] = picture.cams.shape;
  const cam = numbersAt(picture.cams).subarray(net.heat * ch * cw, (net.heat + 1) * ch * cw);
  const empty = largest(cam) === 0;
  if ($("net-cam-on").checked && !empty) {
    context.imageSmoothingEnabled = true;
    context.drawImage(heatOf(cam, ch, cw), 0, 0, side, (side * h) / w);
  }
  const said = !$("net-cam-on").checked
    ? "the picture as the data set has it"
    : empty
      ? `no place of the last convolution speaks for “${name}”`
      : `Grad-CAM: what speaks for “${name}”, from none (dark blue) to most (yellow)`;
  $("net-cam-said").textContent = said;
  $("net-cam").setAttribute("aria-label", `${picture.name || "the picture"}; ${said}`);
}

function drawLayers() {
  const width = $("net-layers").clientWidth;
  if (!width) return;
  net.rows.forEach((entry) => placeMaps(entry, width));
  net.watch ??= new IntersectionObserver(
    (seen) =>
      seen.forEach(({ target, isIntersecting }) => {
        const entry = net.rows.find(({ row }) => row === target);
        entry.near = isIntersecting;
        if (entry.near && !entry.isDrawn) drawLayer(entry);
      }),
    { rootMargin: "300px" },
  );
  for (const entry of net.rows) {
    if (entry.near) drawLayer(entry);
    else net.watch.observe(entry.row);
  }
}

// How the maps of a layer stand side by side. They are drawn once they come near the window.
function placeMaps(entry, width) {
  const [channels, h, w] = planes(data.steps[entry.step]);
  const gap = 4;
  const side = h * w === 1 ? 14 : channels > 64 ? 26 : Math.max(34, Math.min(w, 64));
  const tall = Math.max(1, Math.round((side * h) / w));
  const across = Math.max(1, Math.min(channels, Math.floor((width + gap) / (side + gap))));
  const down = Math.ceil(channels / across);
  entry.spots = { across, side, tall, gap, size: [across * (side + gap) - gap, down * (tall + gap) - gap] };
  [entry.canvas.style.width, entry.canvas.style.height] = entry.spots.size.map((length) => `${length}px`);
  entry.isDrawn = false;
}

// All maps of a layer, in one scale.
function drawLayer(entry) {
  const [channels, h, w] = planes(data.steps[entry.step]);
  const values = valuesOf(net.picture)[entry.step];
  const { across, side, tall, gap, size } = entry.spots;
  const context = sized(entry.canvas, ...size);
  const scale = reach(values);
  entry.isDrawn = true;
  entry.note.textContent = `full colour at ±${shown(scale)}`;
  const all = planeOf(values, 0, channels * h, w, scale); // the maps one below the other
  for (let c = 0; c < channels; c++) {
    context.drawImage(
      all,
      0,
      c * h,
      w,
      h,
      (c % across) * (side + gap),
      Math.floor(c / across) * (tall + gap),
      side,
      tall,
    );
  }
  entry.clean = null;
  if (net.step === entry.step) markMap(entry);
}

// A frame around the chosen map; what lay under it is put back when another is chosen.
function markMap(entry) {
  const { across, side, tall, gap } = entry.spots;
  const context = entry.canvas.getContext("2d");
  const ratio = window.devicePixelRatio || 1;
  if (!entry.clean) {
    entry.clean = new OffscreenCanvas(entry.canvas.width, entry.canvas.height);
    entry.clean.getContext("2d").drawImage(entry.canvas, 0, 0);
  }
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, entry.canvas.width, entry.canvas.height);
  context.drawImage(entry.clean, 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (net.step === entry.step) {
    frame(
      context,
      (net.map % across) * (side + gap) + 1,
      Math.floor(net.map / across) * (tall + gap) + 1,
      side - 2,
      tall - 2,
    );
  }
  context.restore();
}

function tellMap(entry) {
  const chosen = net.step === entry.step;
  entry.canvas.setAttribute("aria-valuenow", chosen ? net.map : 0);
  entry.canvas.setAttribute("aria-valuetext", chosen ? `map ${net.map}` : "none chosen; an arrow key chooses one");
}

function pickMap(entry, event) {
  const { across, side, tall, gap } = entry.spots;
  const [channels, h, w] = planes(data.steps[entry.step]);
  const [column, row] = [Math.floor(event.offsetX / (side + gap)), Math.floor(event.offsetY / (tall + gap))];
  const map = row * across + column;
  if (column >= across || map >= channels) return;
  const inside = (offset, size, count) => Math.max(0, Math.min(count - 1, Math.floor((offset / size) * count)));
  look(
    entry.step,
    map,
    inside(event.offsetY - row * (tall + gap), tall, h),
    inside(event.offsetX - column * (side + gap), side, w),
  );
}
