// One number of one map, up close: where it stands, what it sees of the picture, its arithmetic.

// Look at one number: of which step, which map, row and column.
function look(i, map, row, column, follow = true) {
  const before = net.rows.find((entry) => entry.step === net.step);
  Object.assign(net, { step: i, map, row, column });
  const now = net.rows.find((entry) => entry.step === i);
  for (const entry of new Set([before, now])) if (entry && entry.isDrawn) markMap(entry);
  tellMap(now);
  if (follow && window.matchMedia("(max-width: 900px)").matches && now.row.nextElementSibling !== $("net-detail")) {
    now.row.after($("net-detail")); // on a phone, what was clicked and what it says stand together
  }
  drawDetail();
}

function drawDetail() {
  const step = data.steps[net.step];
  const values = valuesOf(net.picture)[net.step];
  const [, h, w] = planes(step);
  const isMap = h * w > 1;
  const value = values[(net.map * h + net.row) * w + net.column];
  $("net-title").textContent = titleOf(step);
  const index = isMap ? `[${net.map}, ${net.row}, ${net.column}]` : `[${net.map}]`;
  const about = net.step === data.steps.length - 1 ? ` · score of “${data.classes[net.map]}”` : "";
  $("net-value").replaceChildren(make("span", { text: `y${index} = ` }), make("b", { text: shown(value, 4) }), about);
  drawMap(step, values, h, w);
  drawField(step);
  $("net-arithmetic").replaceChildren(...arithmetic(step, net.map, net.row, net.column));
}

function drawMap(step, values, h, w) {
  const canvas = $("net-map");
  canvas.parentElement.hidden = h * w === 1;
  const side = 176;
  const cell = side / w;
  const context = sized(canvas, side, cell * h);
  context.drawImage(planeOf(values, net.map * h * w, h, w, reach(values)), 0, 0, side, cell * h);
  if (h * w > 1) frame(context, net.column * cell, net.row * cell, cell, cell);
  $("net-map-said").textContent = `map ${net.map} of ${planes(step)[0]}`;
  canvas.setAttribute(
    "aria-label",
    `Map ${net.map}, ${h} × ${w} numbers, at row ${net.row}, column ${net.column}. Arrow keys move.`,
  );
}

function drawField(step) {
  const picture = data.pictures[net.picture];
  const [, h, w] = picture.shown.shape;
  const side = 176;
  const cell = side / w;
  const context = sized($("net-field"), side, cell * h);
  context.drawImage(shownPicture(net.picture), 0, 0, side, cell * h);
  const unknown = step.shape.length === 3 && !step.field;
  let said = unknown ? "there is no formula for what it can see" : "it can see the whole picture";
  const ends =
    step.field &&
    [net.row, net.column].map((at, i) => {
      const { first, last } = step.field[i];
      const place = first.length === 1 ? 0 : at;
      return [first[place], last[place]];
    });
  if (ends && ends.some(([from, to], i) => from > 0 || to < [h, w][i] - 1)) {
    const [[top, bottom], [left, right]] = ends;
    context.fillStyle = "rgb(0 0 0 / 55%)";
    context.beginPath();
    context.rect(0, 0, side, cell * h);
    context.rect(left * cell, top * cell, (right - left + 1) * cell, (bottom - top + 1) * cell);
    context.fill("evenodd");
    frame(context, left * cell, top * cell, (right - left + 1) * cell, (bottom - top + 1) * cell);
    said = `it can see rows ${top} to ${bottom}, columns ${left} to ${right}`;
  }
  $("net-field-said").textContent = said;
  $("net-field").setAttribute("aria-label", `The picture; of it, this number: ${said}`);
}

function pickPlace(event) {
  const [, h, w] = planes(data.steps[net.step]);
  const box = event.target.getBoundingClientRect();
  const at = (offset, size, count) => Math.max(0, Math.min(count - 1, Math.floor((offset / size) * count)));
  look(net.step, net.map, at(event.clientY - box.top, box.height, h), at(event.clientX - box.left, box.width, w));
}

function movePlace(event) {
  const [, h, w] = planes(data.steps[net.step]);
  const [down, right] = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key] || [
    0, 0,
  ];
  if (!down && !right) return;
  event.preventDefault();
  const limit = (value, count) => Math.max(0, Math.min(count - 1, value));
  look(net.step, net.map, limit(net.row + down, h), limit(net.column + right, w));
}
