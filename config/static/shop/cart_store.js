/**
 * The visitor's cart: a guest's, kept by the service and known by its id alone.
 *
 * Changes are sent one after the other, in the order of the clicks.
 */

import { Refused } from "./api.js";

const CART = "tally.cart";
const OVER = ["cart_not_found", "cart_in_payment", "cart_ordered", "cart_merged", "cart_expired"];

export class CartStore {
  #api;
  #url;
  #currency;
  #last = Promise.resolve();

  constructor({ api, url, currency }) {
    this.#api = api;
    this.#url = url;
    this.#currency = currency;
  }

  get id() {
    return localStorage.getItem(CART);
  }

  /** Return the cart, or null where there is none that can still be used. */
  async read() {
    if (!this.id) return null;
    const cart = await this.#api.get(`${this.#url}/${this.id}`).catch((error) => {
      if (error instanceof Refused && error.problem.code === "cart_not_found") return null;
      throw error;
    });
    if (cart?.state === "open") return cart;
    // Should nothing come of its payment, it is the visitor's again.
    if (cart?.state === "paying") return null;
    this.forget();
    return null;
  }

  add(sku, quantity) {
    return this.#inTurn(() => this.#addNow(sku, quantity));
  }

  set(sku, quantity) {
    const line = () => `${this.#url}/${this.id}/lines/${encodeURIComponent(sku)}`;
    return this.#inTurn(() => (quantity > 0 ? this.#api.put(line(), { quantity }) : this.#api.delete(line())));
  }

  change(terms) {
    return this.#inTurn(() => this.#api.patch(`${this.#url}/${this.id}`, terms));
  }

  forget() {
    localStorage.removeItem(CART);
  }

  async #addNow(sku, quantity) {
    if (!this.id) return this.#begin(sku, quantity);
    try {
      return await this.#api.post(`${this.#url}/${this.id}/lines`, { sku, quantity });
    } catch (error) {
      if (!(error instanceof Refused && OVER.includes(error.problem.code))) throw error;
      this.forget();
      return this.#begin(sku, quantity);
    }
  }

  async #begin(sku, quantity) {
    const cart = await this.#api.post(this.#url, { currency: this.#currency, line_items: [{ sku, quantity }] });
    localStorage.setItem(CART, cart.id);
    return cart;
  }

  #inTurn(act) {
    const next = this.#last.then(act);
    this.#last = next.catch(() => {});
    return next;
  }
}

export function unitsIn(cart) {
  return (cart?.line_items ?? []).reduce((sum, line) => sum + line.quantity, 0);
}
