// The same functions once more, for what can only be computed here: typed kernels and shifted pictures. Whether they
// agree with tinytorch is checked when the page is opened (main.js). Shapes are those of one picture: C × H × W.

// y[o,i,j] = bias[o] + Σ_c,p,q x[c, i·s + p·d − before, j·s + q·d − before] · w[o,c,p,q]; outside of x there are zeros.
// As in the course: the windows as columns, then one product; four rows of columns at a time.
function conv2d(x, shape, weight, [filters, channels, kh, kw], bias, windows, groups, [, oh, ow]) {
  const y = new Float32Array(filters * oh * ow);
  const [rows, count] = [channels * kh * kw, oh * ow];
  const total = new Float64Array(count);
  for (let group = 0; group < groups; group++) {
    const columns = im2col(x, shape, group * channels, channels, windows, oh, ow);
    for (let o = (group * filters) / groups; o < ((group + 1) * filters) / groups; o++) {
      total.fill(bias ? bias[o] : 0);
      for (let r = 0; r < rows; r += 4) {
        const at = o * rows + r;
        const a = weight[at];
        const b = r + 1 < rows ? weight[at + 1] : 0;
        const c = r + 2 < rows ? weight[at + 2] : 0;
        const d = r + 3 < rows ? weight[at + 3] : 0;
        for (let n = 0, k = r * count; n < count; n++, k++) {
          total[n] += a * columns[k] + b * columns[k + count] + c * columns[k + 2 * count] + d * columns[k + 3 * count];
        }
      }
      y.set(total, o * count);
    }
  }
  return y;
}

// columns[(c, p, q), (i, j)] = x[first + c, i·s + p·d − before, j·s + q·d − before]; three empty rows at the end.
function im2col(x, [, h, w], first, channels, [[kh, sh, dh, ph], [kw, sw, dw, pw]], oh, ow) {
  const columns = new Float32Array((channels * kh * kw + 3) * oh * ow);
  let row = 0;
  for (let c = first; c < first + channels; c++) {
    for (let p = 0; p < kh; p++) {
      for (let q = 0; q < kw; q++, row++) {
        for (let i = 0; i < oh; i++) {
          const y = i * sh + p * dh - ph;
          if (y < 0 || y >= h) continue;
          for (let j = 0; j < ow; j++) {
            const at = j * sw + q * dw - pw;
            if (at >= 0 && at < w) columns[(row * oh + i) * ow + j] = x[(c * h + y) * w + at];
          }
        }
      }
    }
  }
  return columns;
}

function pool(x, [channels, h, w], [[kh, sh, dh, ph], [kw, sw, dw, pw]], [, oh, ow], combine) {
  const y = new Float32Array(channels * oh * ow);
  const window = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < oh; i++) {
      for (let j = 0; j < ow; j++) {
        window.length = 0;
        for (let p = 0; p < kh; p++) {
          const row = i * sh + p * dh - ph;
          if (row < 0 || row >= h) continue;
          for (let q = 0; q < kw; q++) {
            const column = j * sw + q * dw - pw;
            if (column >= 0 && column < w) window.push(x[(c * h + row) * w + column]);
          }
        }
        y[(c * oh + i) * ow + j] = combine(window);
      }
    }
  }
  return y;
}

function linear(x, weight, [out, size], bias) {
  return Float32Array.from({ length: out }, (_, o) => {
    let total = bias ? bias[o] : 0;
    for (let i = 0; i < size; i++) total += weight[o * size + i] * x[i];
    return total;
  });
}

function softmax(scores) {
  const most = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

const largest = (window) => window.reduce((a, b) => Math.max(a, b), -Infinity);
const sumOf = (values) => values.reduce((a, b) => a + b, 0);
const POINTWISE = {
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x, step) => (x > 0 ? x : step.negative_slope * x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};
const COMBINE = { add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b };

// What one step makes of the values of the steps before it.
function compute(step, values) {
  const x = values[step.inputs[0]];
  const before = data.steps[step.inputs[0]].shape;
  const constants = (step.constants || []).map(numbersAt);
  if (step.op === "conv2d") {
    const wshape = step.constants[0].shape;
    return conv2d(x, before, constants[0], wshape, constants[1], step.windows, step.groups, step.shape);
  }
  if (step.op === "max_pool2d") return pool(x, before, step.windows, step.shape, largest);
  if (step.op === "avg_pool2d") {
    const full = step.windows[0][0] * step.windows[1][0];
    const size = (window) => (step.count_include_pad ? full : window.length);
    return pool(x, before, step.windows, step.shape, (window) => sumOf(window) / size(window));
  }
  if (step.op === "linear") return linear(x, constants[0], step.constants[0].shape, constants[1]);
  if (step.op === "reshape") return x;
  if (step.op === "normalize") {
    const plane = before[1] * before[2];
    const [deviation, mean, , weight, bias] = constants;
    return x.map((v, i) => {
      const c = (i / plane) | 0;
      return Math.fround(Math.fround(Math.fround(v - mean[c]) / deviation[c]) * weight[c]) + bias[c];
    });
  }
  if (step.op === "sum") {
    const plane = x.length / product(step.shape);
    return Float32Array.from({ length: product(step.shape) }, (_, c) => sumOf(x.subarray(c * plane, (c + 1) * plane)));
  }
  if (step.op in POINTWISE) return x.map((v) => POINTWISE[step.op](v, step));
  const other = step.inputs.length > 1 ? values[step.inputs[1]] : constants[0];
  const spread = other.length === 1 ? () => other[0] : (i) => other[i];
  return x.map((v, i) => COMBINE[step.op](v, spread(i)));
}

// All steps for a picture as the network is given it. `stored` may have some of the values already.
function forward(picture, stored = () => null) {
  const values = [picture];
  for (let i = 1; i < data.steps.length; i++) values[i] = stored(data.steps[i]) || compute(data.steps[i], values);
  return values;
}

// The values of every step for picture n, tinytorch's own: what is not stored follows from the others to the last bit.
const remembered = new Map();
function valuesOf(n) {
  if (!remembered.has(n)) {
    const picture = numbersAt(data.steps[0].values[n]);
    remembered.set(
      n,
      forward(picture, (step) => step.values && numbersAt(step.values[n])),
    );
  }
  return remembered.get(n);
}
