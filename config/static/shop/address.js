/** The form for who buys and where it goes: what is in it, and what is missing. */

import { show } from "./dom.js";

const BUYER = ["email", "name"];
const ADDRESS = ["name", "line1", "postal_code", "city", "country", "region"];
const MISSING = {
  email: "An e-mail address, such as ada@example.com.",
  name: "Who is it for?",
  line1: "Which street, and which number?",
  postal_code: "The postal code is missing.",
  city: "Which city is it?",
};

export class AddressForm {
  #form;

  constructor(form, onChange) {
    this.#form = form;
    for (const name of Object.keys(MISSING)) form.elements[name].addEventListener("input", () => this.#mark(name, ""));
    for (const name of new Set([...BUYER, ...ADDRESS])) form.elements[name].addEventListener("change", onChange);
  }

  /** What the cart says; the fields keep what the page suggests where it says nothing. */
  fill({ buyer, shipping_address: address }) {
    for (const [name, value] of [...Object.entries(address), ["email", buyer.email]]) {
      const field = this.#form.elements[name];
      if (field && value) field.value = value;
    }
  }

  /** What the API takes. */
  terms() {
    return { buyer: this.#filled(BUYER), shipping_address: this.#filled(ADDRESS) };
  }

  /** Say what is missing, lead to the first of it, and return whether nothing is. */
  check() {
    const wrong = Object.keys(MISSING).filter((name) => !this.#form.elements[name].validity.valid);
    for (const name of Object.keys(MISSING)) this.#mark(name, wrong.includes(name) ? MISSING[name] : "");
    if (wrong.length) this.#form.elements[wrong[0]].focus();
    return wrong.length === 0;
  }

  /** Show what the API says about fields (RFC 9457, `errors`). */
  refuse(errors) {
    for (const { pointer, detail } of errors) {
      const name = pointer.split("/").at(-1);
      if (name in MISSING) this.#mark(name, detail);
    }
  }

  #filled(names) {
    const values = names.map((name) => [name, this.#form.elements[name].value.trim()]);
    return Object.fromEntries(values.filter(([name, value]) => value && (name !== "email" || this.#isEmail())));
  }

  #isEmail() {
    return this.#form.elements.email.validity.valid;
  }

  #mark(name, text) {
    show(document.getElementById(`${name}-error`), text);
    this.#form.elements[name].setAttribute("aria-invalid", String(Boolean(text)));
  }
}
