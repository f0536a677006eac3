// The numbers of the page, as tinytorch computed them, and how a number is written.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
let network = null; // all numbers of the network, once they are unpacked

// As tinytorch/explorer/pack.py packs them: base64, zlib, then the four bytes of every number in four planes.
async function unpack(text) {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = planes.length / 4;
  const whole = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    whole[i] = planes[i] | (planes[i + count] << 8) | (planes[i + 2 * count] << 16) | (planes[i + 3 * count] << 24);
  }
  return new Float32Array(whole.buffer);
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const product = (shape) => shape.reduce((a, b) => a * b, 1);
const numbersAt = (place) => network.subarray(place.at, place.at + product(place.shape));

// Short, with a true minus sign; whole numbers stay whole, very small and very large ones get a power of ten.
function shown(value, digits = 3) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value).replace("-", "−");
  if (size < 0.001 || size >= 1e6) {
    const [factor, power] = value.toExponential(1).replace("-", "−").split("e");
    return `${factor}·10${power.replace("+", "").replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻")}`;
  }
  return fixed(value, digits);
}

function fixed(value, digits) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? Math.max(0, digits - 2) : size >= 10 ? digits - 1 : digits).replace("-", "−");
}

// For a cell of a table: what would be shown as 0.00, and is not 0, says so.
function inCell(value, digits = 2) {
  if (Number.isInteger(value) && Math.abs(value) < 1e5) return shown(value);
  return Math.abs(value) < 0.5 * 10 ** -digits ? "≈0" : fixed(value, digits);
}

function percent(share) {
  if (share > 0 && share < 0.0001) return "< 0.01 %";
  return `${(100 * share).toFixed(share === 0 ? 0 : share < 0.1 ? 2 : 1)} %`;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (name === "text") element.textContent = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
