// The window of the first part at one place: what it covers, what it adds up, and how it gets to the next.

// Compute as far as place n and look at it.
function go(n) {
  const count = conv.out.values.length;
  conv.done = Math.max(conv.done, n + 1);
  const most = largest(Array.from(conv.out.values, Math.abs)) || 1;
  conv.outCells.forEach((cell, at) => {
    const known = at < conv.done;
    const text = known ? inCell(conv.out.values[at]) : "";
    if (cell.textContent !== text || !text) cell.textContent = text;
    cell.classList.toggle("unknown", !known);
    const [i, j] = [Math.floor(at / conv.out.w), at % conv.out.w];
    cell.setAttribute(
      "aria-label",
      `row ${i}, column ${j}: ${known ? shown(conv.out.values[at]) : "not computed yet"}`,
    );
    if (known) paint(cell, signed(conv.out.values[at] / most));
    else cell.removeAttribute("style");
  });
  if (count) point(n);
  else showNothing();
}

// Look at place n, whether it is computed yet or not.
function point(n) {
  conv.outCells[conv.at]?.classList.remove("current");
  conv.outCells[conv.at]?.setAttribute("tabindex", -1);
  conv.at = n;
  conv.outCells[n].classList.add("current");
  conv.outCells[n].setAttribute("tabindex", 0);
  const [stride, padding, dilation] = settings();
  const [i, j] = [Math.floor(n / conv.out.w), n % conv.out.w];
  conv.cells.forEach((cell) => cell.classList.remove("window"));
  const [h, w] = conv.picture.shape;
  const terms = [];
  conv.kernel.forEach((row, p) =>
    row.forEach((weight, q) => {
      const [y, x] = [i * stride + p * dilation - padding, j * stride + q * dilation - padding];
      conv.cells[(y + padding) * conv.columns + x + padding].classList.add("window");
      const inside = y >= 0 && y < h && x >= 0 && x < w;
      terms.push({ pixel: inside ? conv.picture.values[y * w + x] : 0, weight });
    }),
  );
  $("conv-place").value = n;
  $("conv-place-said").textContent = `${n + 1} of ${conv.out.values.length}`;
  showArithmetic(i, j, terms);
}

function showArithmetic(i, j, terms) {
  const value = conv.out.values[i * conv.out.w + j];
  $("conv-where").textContent = `y[${i}, ${j}] = ${shown(value)}`;
  const most = largest(terms.map(({ pixel, weight }) => Math.abs(pixel * weight))) || 1;
  const products = $("conv-products");
  products.replaceChildren();
  products.style.setProperty("--columns", conv.kernel[0].length);
  for (const { pixel, weight } of terms) {
    const cell = make(
      "span",
      { class: "product" },
      make("span", { text: `${inCell(pixel)} × ${inCell(weight)}` }),
      make("b", { text: inCell(pixel * weight) }),
    );
    paint(cell, signed((pixel * weight) / most));
    products.append(cell);
  }
  const told = terms.map(({ pixel, weight }) => inCell(pixel * weight));
  products.setAttribute("aria-label", `products: ${told.join(", ")}`);
  const sum = told
    .filter((term) => term !== "0")
    .map((term, at) => (at && !term.startsWith("−") ? `+ ${term}` : term.replace("−", at ? "− " : "−")));
  $("conv-sum").textContent = `${sum.join(" ") || "0"} = ${shown(value)}`;
}

function showNothing() {
  conv.cells.forEach((cell) => cell.classList.remove("window"));
  $("conv-where").textContent = "No output: the window does not fit.";
  $("conv-products").replaceChildren();
  $("conv-sum").textContent = "";
  $("conv-place-said").textContent = "none";
}

// Which outputs the pixel (y, x) takes part in.
function showFed(y, x) {
  if (conv.timer) return;
  const [stride, padding, dilation] = settings();
  let count = 0;
  conv.kernel.forEach((row, p) =>
    row.forEach((_, q) => {
      const [top, left] = [y + padding - p * dilation, x + padding - q * dilation];
      const [i, j] = [top / stride, left / stride];
      if (Number.isInteger(i) && Number.isInteger(j) && i >= 0 && j >= 0 && i < conv.out.h && j < conv.out.w) {
        conv.outCells[i * conv.out.w + j].classList.add("fed");
        count++;
      }
    }),
  );
  $("conv-feeds").textContent = `This pixel takes part in ${count} number${count === 1 ? "" : "s"} of the output.`;
}

function clearFed() {
  conv.outCells.forEach((cell) => cell.classList.remove("fed"));
}

function moveByKey(event) {
  const { w } = conv.out;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: w, ArrowUp: -w }[event.key];
  const edge = { Home: 0, End: conv.out.values.length - 1 }[event.key];
  if (step === undefined && edge === undefined) return;
  event.preventDefault();
  stop();
  const wanted = edge ?? conv.at + step;
  if (wanted >= 0 && wanted < conv.out.values.length) {
    go(wanted);
    conv.outCells[wanted].focus();
  }
}

function play() {
  if (conv.at === conv.out.values.length - 1) {
    conv.done = 1;
    go(0);
  }
  $("conv-play").textContent = "Pause";
  $("conv-where").setAttribute("aria-live", "off"); // a voice could not keep up
  conv.timer = setInterval(() => {
    if (conv.at + 1 >= conv.out.values.length) stop();
    else go(conv.at + 1);
  }, 350);
}

function stop() {
  clearInterval(conv.timer);
  conv.timer = null;
  $("conv-play").textContent = "Play";
  $("conv-where").setAttribute("aria-live", "polite");
}
