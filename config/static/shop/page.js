/** What every page of the shop has: the API, the cart, the box for messages, and the cart's count at the top. */

import { Api } from "./api.js";
import { CartStore, unitsIn } from "./cart_store.js";
import { money } from "./money.js";
import { Result } from "./result.js";

const { dataset } = document.getElementById("shop");

export const told = dataset;
export const api = new Api(dataset.apiKey);
export const carts = new CartStore({ api, url: dataset.cartsUrl, currency: dataset.currency });
export const write = money(dataset.currency);
export const result = new Result(document.getElementById("result"));

export function showCount(cart) {
  const count = document.getElementById("cart-count");
  const units = unitsIn(cart);
  count.textContent = units;
  count.hidden = units === 0;
}

/** Every product that is for sale, with its prices of now. */
export async function allProducts() {
  const found = [];
  for (let url = dataset.productsUrl; url; ) {
    const page = await api.get(url);
    found.push(...page.data);
    url = page.next;
  }
  return found;
}

export function priceOf(variant) {
  return variant.prices.find((one) => one.currency === dataset.currency);
}
