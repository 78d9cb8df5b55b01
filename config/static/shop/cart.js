/** The cart: how many of each, and what that comes to. */

import { copyOf, show } from "./dom.js";
import { allProducts, carts, result, showCount, write } from "./page.js";
import { showTotals } from "./totals.js";

const MOST_OF_ONE = 10_000; // the API's own limit

const box = document.getElementById("cart");
const list = document.getElementById("lines");
const pictures = new Map();
const rows = new Map();

await start();

async function start() {
  try {
    const [cart, products] = await Promise.all([carts.read(), allProducts()]);
    for (const { variants, images } of products) {
      for (const { sku } of variants) pictures.set(sku, images[0]);
    }
    draw(cart);
  } catch (error) {
    result.bad(`The cart cannot be read. ${error.message}`);
  }
}

/** Rows stay the same elements, so that whoever is at a button stays there. */
function draw(cart) {
  const lines = cart?.line_items ?? [];
  showCount(cart);
  document.getElementById("empty").hidden = lines.length > 0;
  box.hidden = lines.length === 0;
  for (const [sku, row] of rows) {
    if (!lines.some((line) => line.sku === sku)) {
      row.remove();
      rows.delete(sku);
    }
  }
  lines.forEach((line, index) => {
    if (!rows.has(line.sku)) {
      rows.set(line.sku, newRow(line));
      list.append(rows.get(line.sku));
    }
    showLine(rows.get(line.sku), line, messagesOf(cart, index));
  });
  if (lines.length > 0) showTotals(document.getElementById("totals"), cart, { write });
}

function newRow({ sku, name }) {
  const row = copyOf("line");
  const picture = row.querySelector("img");
  const image = pictures.get(sku);
  if (image) Object.assign(picture, { src: image.url, hidden: false });
  row.querySelector("h3").textContent = name;
  const input = row.querySelector("input");
  const label = `Quantity of ${name}`;
  row.querySelector(".stepper").setAttribute("aria-label", label);
  input.setAttribute("aria-label", label);
  input.max = MOST_OF_ONE;
  button(row, ".less", `One ${name} less`, () => set(sku, Number(input.value) - 1));
  button(row, ".more", `One ${name} more`, () => set(sku, Number(input.value) + 1));
  button(row, ".remove", `Remove ${name}`, () => set(sku, 0));
  input.addEventListener("change", () => set(sku, Math.trunc(Number(input.value)) || 0));
  return row;
}

function button(row, selector, label, act) {
  const found = row.querySelector(selector);
  found.setAttribute("aria-label", label);
  found.addEventListener("click", act);
}

function showLine(row, line, messages) {
  row.querySelector("input").value = line.quantity;
  row.querySelector(".unit").textContent = line.unit_amount_minor === null ? "" : `${write(line.unit_amount_minor)} each`;
  row.querySelector(".amount").textContent = line.subtotal_minor === null ? "" : write(line.subtotal_minor);
  show(row.querySelector(".told"), messages.map((message) => message.detail).join(" "));
}

function messagesOf(cart, index) {
  return cart.messages.filter(({ pointer }) => pointer.startsWith(`/line_items/${index}/`));
}

async function set(sku, quantity) {
  const wanted = Math.min(Math.max(quantity, 0), MOST_OF_ONE);
  const row = rows.get(sku);
  if (row) row.querySelector("input").value = wanted;
  try {
    const cart = await carts.set(sku, wanted);
    result.clear();
    draw(cart);
    if (wanted === 0) document.getElementById("heading").focus();
  } catch (error) {
    result.bad(`The cart could not be changed. ${error.message}`);
    draw(await carts.read().catch(() => null));
  }
}
