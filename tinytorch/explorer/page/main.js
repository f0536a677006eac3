// Putting it together: tabs, and the comparison with tinytorch on which everything live depends.

const TOLERANCE = 1e-4; // of a step's largest number; float32 rounding in sums of thousands of products stays far below
const TABS = ["convolution", "network", "shift"];
const PARTS = {
  convolution: { setUp: setUpConvolution, draw: drawConvolution },
  network: { setUp: setUpNetwork, draw: drawNetwork },
  shift: { setUp: setUpShift, draw: drawShift },
};

function showTab(name, focus = false) {
  for (const other of TABS) {
    const tab = $(`tab-${other}`);
    const chosen = other === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(other).hidden = !chosen;
    if (chosen && focus) tab.focus();
  }
  stop();
  const part = PARTS[name];
  if (part.refused) return;
  if (!part.isSetUp) part.setUp(); // only what is looked at takes time
  part.isSetUp = true;
  part.draw();
}

function setUpTabs() {
  TABS.forEach((name, i) => {
    $(`tab-${name}`).addEventListener("click", () => {
      history.replaceState(null, "", `#${name}`);
      showTab(name);
    });
    $(`tab-${name}`).addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) showTab(TABS[(i + step + TABS.length) % TABS.length], true);
    });
  });
  window.addEventListener("hashchange", () => {
    if (TABS.includes(location.hash.slice(1))) showTab(location.hash.slice(1));
  });
}

// The largest difference between two arrays, as a share of the largest number of the first.
function apart(wanted, found) {
  let [difference, most] = [wanted.length === found.length ? 0 : Infinity, 0];
  for (let i = 0; i < wanted.length; i++) {
    const here = Math.abs(wanted[i] - found[i]);
    if (!(here <= difference)) difference = Number.isNaN(here) ? Infinity : here;
    most = Math.max(most, Math.abs(wanted[i]));
  }
  return difference / (most || 1);
}

// The page's convolution against tinytorch's, on the pictures and kernels of the first part.
function checkConvolution() {
  let [most, count] = [0, 0];
  for (const { picture, kernel, stride, padding, dilation, shape, numbers } of data.convolution.cases) {
    const [x, k] = [data.convolution.pictures[picture], data.convolution.kernels[kernel]];
    const windows = k.shape.map((size) => [size, stride, dilation, padding]);
    const found = conv2d(x.numbers, [1, ...x.shape], k.numbers, [1, 1, ...k.shape], null, windows, 1, [1, ...shape]);
    most = Math.max(most, apart(numbers, found));
    count += found.length;
  }
  return { most, count };
}

// The page's whole forward against what tinytorch computed for picture n: every step, and the class scores.
function checkNetwork(n) {
  let [most, count] = [0, 0];
  const found = forward(numbersAt(data.steps[0].values[n]));
  data.steps.forEach((step, i) => {
    if (!i || !step.values) return;
    most = Math.max(most, apart(numbersAt(step.values[n]), found[i]));
    count += found[i].length;
  });
  most = Math.max(most, apart(probabilitiesOf(n), softmax(found.at(-1))));
  return { most, count: count + data.classes.length };
}

function refuse(id, text) {
  $(id).textContent = text;
  $(id).hidden = false;
}

function refuseShift(text) {
  PARTS.shift.refused = true;
  $("shift-live").hidden = true;
  refuse("shift-refused", text);
}

const canCompute = () => data.withWeights && data.unknown.length === 0;
const pause = () => new Promise((done) => setTimeout(done));

async function check() {
  const all = { most: 0, count: 0 };
  const add = ({ most, count }) => {
    all.most = Math.max(all.most, most);
    all.count += count;
  };
  const first = checkConvolution();
  add(first);
  if (first.most > TOLERANCE) {
    $("conv-controls").inert = $("conv-stage").inert = true;
    document.querySelector(".transport").inert = true;
    refuse(
      "conv-refused",
      "The page's own convolution differs from tinytorch's on the pictures below, so nothing is computed here. " +
        "Does `tito test spatial` pass?",
    );
  }
  for (let n = 0; n < data.pictures.length && canCompute(); n++) {
    await pause(); // a click in between is answered
    add(checkNetwork(n));
  }
  const agrees = all.most <= TOLERANCE;
  if (!agrees)
    refuseShift("What the page computes differs from what tinytorch computed, so it computes nothing of its own.");
  $("agreement").dataset.state = agrees ? "agrees" : "differs";
  $("agreement").textContent = agrees
    ? `The numbers here are your tinytorch's. What is computed while you look agrees with it: ${all.count.toLocaleString("en")} numbers compared, largest difference ${shown(all.most, 2)} of the largest number.`
    : `What this page computes differs from your tinytorch by up to ${shown(all.most, 2)} of the largest number. What needs computing is switched off; the network's maps are tinytorch's own.`;
}

async function start() {
  for (const one of Object.values(data.convolution).flat()) one.numbers = Float32Array.from(one.numbers);
  $("about").textContent = `${data.title}: ${data.parameters.toLocaleString("en")} parameters; ${data.about}`;
  $("notices").replaceChildren(...data.notices.map((text) => make("li", { text })));
  $("notices").hidden = data.notices.length === 0;
  $("footer").textContent = "Made by tito explore. The file needs nothing but itself.";
  if (data.unknown.length)
    refuseShift(
      `This network uses ${data.unknown.join(", ")}, which the page cannot compute, so its picture stays where it is.`,
    );
  else if (!data.withWeights)
    refuseShift(
      "The weights of this network are too many for this page, so nothing can be computed for a moved picture.",
    );
  const wanted = TABS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "convolution";
  if (wanted === "convolution") showTab(wanted); // the first part needs none of the network's numbers
  await pause();
  network = await unpack($("numbers").textContent);
  $("numbers").remove();
  offerLearned();
  setUpTabs();
  if (wanted !== "convolution") showTab(wanted);
  document.documentElement.dataset.ready = "true";
  await pause();
  await check();
}

start().catch((error) => {
  $("agreement").dataset.state = "differs";
  $("agreement").textContent = `This page could not be opened: ${error.message}. A browser of 2023 or later can.`;
  throw error;
});
