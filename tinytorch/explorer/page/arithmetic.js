// How one number of the network came about, told from the numbers that went into it.

const SHOWN_CHANNELS = 3;

function arithmetic(step, map, row, column) {
  const values = valuesOf(net.picture);
  const inputs = step.inputs.map((i) => ({ step: data.steps[i], values: values[i] }));
  const [, h, w] = planes(step);
  const at = (map * h + row) * w + column;
  const value = values[net.step][at];
  const source = inputs[0].values;
  if (step.op === "conv2d" && step.constants) return ofConvolution(step, inputs[0], map, row, column, value);
  if (step.op === "max_pool2d" || step.op === "avg_pool2d") return ofPooling(step, inputs[0], map, row, column, value);
  if (step.op === "linear" && step.constants && inputs.length === 1) return ofLinear(step, map, value);
  if (step.op === "relu") return [line(`max(0, ${shown(source[at], 4)}) = ${shown(value, 4)}`)];
  if (step.op === "normalize") return ofNorm(step, source[at], map, value);
  if (step.op === "add" && inputs.length === 2) {
    const [a, b] = inputs.map((input) => shown(input.values[at], 4));
    return [
      line(`${a} + ${b} = ${shown(value, 4)}`),
      line(`the number at this place of ${inputs[0].step.name}, and of ${inputs[1].step.name}`, "hint"),
    ];
  }
  if (isMean(step)) return ofMean(step, map, value);
  const missing =
    step.op === "conv2d" || step.op === "linear"
      ? "The weights are too many for this page, so the arithmetic is left out."
      : "This function is shown without its arithmetic.";
  return [line(missing, "hint")];
}

const line = (text, kind = "sum") => make("p", { class: kind, text });

// The pixels under a window on one plane, null outside of the picture: [[…], …]
function under(values, c, [h, w], [[kh, sh, dh, ph], [kw, sw, dw, pw]], i, j) {
  return Array.from({ length: kh }, (_, p) =>
    Array.from({ length: kw }, (_, q) => {
      const [y, x] = [i * sh + p * dh - ph, j * sw + q * dw - pw];
      return y >= 0 && y < h && x >= 0 && x < w ? values[(c * h + y) * w + x] : null;
    }),
  );
}

function ofConvolution(step, input, map, row, column, value) {
  const [weights, biases] = step.constants.map(numbersAt);
  const [filters, channels, kh, kw] = step.constants[0].shape;
  const [, h, w] = input.step.shape;
  const first = Math.floor(map / (filters / step.groups)) * channels;
  const parts = Array.from({ length: channels }, (_, c) => {
    const pixels = under(input.values, first + c, [h, w], step.windows, row, column);
    const kernel = Array.from({ length: kh }, (_, p) =>
      Array.from(weights.subarray(((map * channels + c) * kh + p) * kw, ((map * channels + c) * kh + p + 1) * kw)),
    );
    const total = sumOf(
      kernel.flatMap((weightsOfRow, p) => weightsOfRow.map((weight, q) => weight * (pixels[p][q] ?? 0))),
    );
    return { c, pixels, kernel, total };
  });
  const bias = biases ? biases[map] : 0;
  const ordered = [...parts].sort((a, b) => Math.abs(b.total) - Math.abs(a.total));
  const scales = {
    pixels: largest(parts.flatMap((part) => part.pixels.flat().map((v) => Math.abs(v ?? 0)))) || 1,
    kernel: largest(parts.flatMap((part) => part.kernel.flat().map(Math.abs))) || 1,
  };
  const list = make("div", { class: "parts" });
  const fill = (count) =>
    list.replaceChildren(...ordered.slice(0, count).map((part) => windowTimesKernel(part, first, scales)));
  fill(SHOWN_CHANNELS);
  const rest = ordered.slice(SHOWN_CHANNELS);
  const found = sumOf(parts.map((part) => part.total)) + bias;
  const told = [
    line(
      channels === 1
        ? "window × kernel, number by number:"
        : `${channels} channels, window × kernel in each${rest.length ? "; those that count most" : ""}:`,
      "hint",
    ),
    list,
  ];
  if (rest.length) {
    const more = make("button", {
      class: "more",
      text: `and ${rest.length} more, together ${shown(sumOf(rest.map((part) => part.total)), 4)}: show them`,
    });
    more.addEventListener("click", () => {
      fill(channels);
      more.remove();
    });
    told.push(more);
  }
  const sums = channels === 1 ? shown(parts[0].total, 4) : `Σ ${shown(found - bias, 4)}`;
  told.push(line(`${sums} ${biases ? `+ bias ${shown(bias, 4)} ` : ""}= ${shown(found, 4)}`), agreement(found, value));
  return told;
}

function windowTimesKernel({ c, pixels, kernel, total }, first, scales) {
  const [kh, kw] = [kernel.length, kernel[0].length];
  const products = kernel.map((row, p) => row.map((weight, q) => weight * (pixels[p][q] ?? 0)));
  const most = largest(products.flat().map(Math.abs)) || 1;
  return make(
    "div",
    { class: "part" },
    make("span", { class: "channel", text: `channel ${first + c}` }),
    make(
      "div",
      { class: "times" },
      numberGrid(
        kh,
        kw,
        (p, q) => pixels[p][q],
        (v) => signed(v / scales.pixels),
        2,
      ),
      "×",
      numberGrid(
        kh,
        kw,
        (p, q) => kernel[p][q],
        (v) => signed(v / scales.kernel),
        2,
      ),
      "→",
      numberGrid(
        kh,
        kw,
        (p, q) => products[p][q],
        (v) => signed(v / most),
        2,
      ),
    ),
    make("span", { class: "total", text: `Σ = ${shown(total, 4)}` }),
  );
}

// The page adds in another order and with more digits than tinytorch: what is left between the two is rounding.
function agreement(found, value) {
  return line(`tinytorch computed ${shown(value, 6)}; the difference is ${shown(Math.abs(found - value), 2)}`, "hint");
}

function ofPooling(step, input, map, row, column, value) {
  const [, h, w] = input.step.shape;
  const pixels = under(input.values, map, [h, w], step.windows, row, column);
  const most = largest(pixels.flat().map((v) => Math.abs(v ?? 0))) || 1;
  const grid = numberGrid(
    pixels.length,
    pixels[0].length,
    (p, q) => pixels[p][q],
    (v) => signed(v / most),
    3,
  );
  const inside = pixels.flat().filter((v) => v !== null);
  if (step.op === "max_pool2d") {
    grid.children[pixels.flat().indexOf(value)]?.classList.add("winner");
    return [grid, line(`the largest of ${inside.length} numbers: ${shown(value, 4)}`)];
  }
  const size = step.count_include_pad ? pixels.flat().length : inside.length;
  return [grid, line(`Σ ${shown(sumOf(inside), 4)} / ${size} = ${shown(value, 4)}`)];
}

function ofNorm(step, x, map, value) {
  const [, mean, variance, weight, bias] = step.constants.map((place) => numbersAt(place)[map]);
  const learned = ` · ${shown(weight, 4)} + ${shown(bias, 4)}`;
  return [
    line("(x − mean) / √(variance + ε) · weight + bias, by what training kept for this channel", "hint"),
    line(
      `(${shown(x, 4)} − ${shown(mean, 4)}) / √(${shown(variance, 4)} + ${shown(step.eps, 1)})${learned} = ${shown(value, 4)}`
        .replaceAll("− −", "+ ")
        .replaceAll("+ −", "− "),
    ),
  ];
}

function ofMean(step, map, value) {
  const summed = data.steps[step.inputs[0]];
  const [, h, w] = data.steps[summed.inputs[0]].shape;
  const total = valuesOf(net.picture)[step.inputs[0]][map];
  return [
    line(`the mean over the ${h} × ${w} places of map ${map}: Σ ${shown(total, 4)} / ${h * w} = ${shown(value, 4)}`),
  ];
}

// A score: which maps speak for it, and which against.
function ofLinear(step, o, value) {
  const flat = data.steps[step.inputs[0]];
  const x = valuesOf(net.picture)[step.inputs[0]];
  const [weights, biases] = step.constants.map(numbersAt);
  const size = step.constants[0].shape[1];
  const maps = flat.op === "reshape" && flat.inputs.length ? data.steps[flat.inputs[0]] : flat;
  const [channels, h, w] = planes(maps);
  const parts = Array.from({ length: channels }, (_, c) => {
    const products = Float32Array.from(
      { length: h * w },
      (_, i) => weights[o * size + c * h * w + i] * x[c * h * w + i],
    );
    return { c, products, total: sumOf(products) };
  });
  const bias = biases ? biases[o] : 0;
  const most = reach(Float32Array.from(parts.flatMap((part) => Array.from(part.products))));
  const rows = [...parts]
    .sort((a, b) => Math.abs(b.total) - Math.abs(a.total))
    .slice(0, 8)
    .map((part) => {
      const canvas = make("canvas", { role: "img", "aria-label": `products of map ${part.c}` });
      const context = sized(canvas, 40, Math.max(4, (40 * h) / w));
      context.drawImage(planeOf(part.products, 0, h, w, most), 0, 0, 40, Math.max(4, (40 * h) / w));
      return make(
        "div",
        { class: "vote" },
        canvas,
        make("span", { text: `map ${part.c}` }),
        make("b", { text: (part.total > 0 ? "+" : "") + shown(part.total, 4) }),
      );
    });
  const found = sumOf(parts.map((part) => part.total)) + bias;
  const positive = sumOf(parts.filter((part) => part.total > 0).map((part) => part.total));
  return [
    line(`${size} products of a weight and a number of ${maps.name}, added map by map; those that count most:`, "hint"),
    make("div", { class: "votes" }, ...rows),
    line(
      `for it ${shown(positive, 4)}, against it ${shown(found - bias - positive, 4)}${biases ? `, bias ${shown(bias, 4)}` : ""}: ${shown(found, 4)}`,
    ),
    agreement(found, value),
  ];
}
