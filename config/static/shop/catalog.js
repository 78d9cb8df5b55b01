/** The products: choose a variant, and put it into the cart. */

import { copyOf, make } from "./dom.js";
import { allProducts, carts, priceOf, result, showCount, told, write } from "./page.js";

const list = document.getElementById("products");

await start();

async function start() {
  try {
    const [products, cart] = await Promise.all([allProducts(), carts.read()]);
    showCount(cart);
    const cards = products.map(card).filter((one) => one !== null);
    list.replaceChildren(...cards);
    if (cards.length === 0) result.bad(`Nothing is for sale in ${told.currency}.`);
  } catch (error) {
    result.bad(`The products cannot be listed. ${error.message}`);
  }
  list.setAttribute("aria-busy", "false");
}

function card(product) {
  const variants = product.variants.filter(priceOf);
  if (variants.length === 0) return null;
  const element = copyOf("product");
  element.querySelector("h2").textContent = product.name;
  element.querySelector(".description").textContent = product.description;
  showPicture(element.querySelector("img"), product.images[0]);
  let chosen = variants.find((one) => one.available > 0) ?? variants[0];
  const choose = (variant) => {
    chosen = variant;
    showVariant(element, product, variant);
  };
  if (variants.length > 1) offer(element.querySelector(".variants"), product, variants, chosen, choose);
  element.querySelector("button").addEventListener("click", () => add(product, chosen));
  choose(chosen);
  return element;
}

/** The name stands beside it, so for those who hear the page the picture says nothing. */
function showPicture(picture, image) {
  if (!image) return;
  picture.src = image.url;
  picture.hidden = false;
}

function offer(fieldset, product, variants, chosen, choose) {
  fieldset.querySelector("legend").textContent = Object.keys(variants[0].options).join(", ") || "Variant";
  const labels = variants.map((variant) => {
    const input = make("input", { type: "radio", name: `variant-${product.id}`, checked: variant === chosen });
    input.addEventListener("change", () => choose(variant));
    const text = Object.values(variant.options).join(", ") || variant.name || variant.sku;
    return make("label", { className: "chip" }, input, make("span", { textContent: text }));
  });
  fieldset.append(make("div", { className: "chips" }, ...labels));
  fieldset.hidden = false;
}

function showVariant(element, product, variant) {
  const price = priceOf(variant);
  const before = price.compare_at_minor;
  const prices = [make("b", { textContent: write(price.unit_amount_minor) })];
  if (before) prices.push(make("s", { textContent: write(before) }));
  element.querySelector(".price").replaceChildren(...prices);
  const { available } = variant;
  const few = available > 0 && available <= 25;
  element.querySelector(".stock").textContent = stockText(available, few);
  element.querySelector(".stock").classList.toggle("few", few);
  const button = element.querySelector("button");
  button.disabled = available <= 0;
  button.setAttribute("aria-label", `Add ${nameOf(product, variant)} to cart`);
}

function stockText(available, few) {
  if (available <= 0) return "Sold out";
  return few ? `Only ${available} left` : "In stock";
}

function nameOf(product, variant) {
  return `${product.name} ${variant.name || Object.values(variant.options).join(", ")}`.trim();
}

async function add(product, variant) {
  try {
    const cart = await carts.add(variant.sku, 1);
    showCount(cart);
    const line = cart.line_items.find((one) => one.sku === variant.sku);
    result.goTo(`${nameOf(product, variant)} is in your cart: ${line.quantity}.`, "To the cart", told.cartPage);
  } catch (error) {
    result.bad(`It could not be added. ${error.message}`);
  }
}
