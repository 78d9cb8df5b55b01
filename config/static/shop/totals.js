/** What it comes to, as a list of terms: goods, discount, shipping, taxes, total. */

import { make } from "./dom.js";

/**
 * Show the totals of a cart, a session or an order. Taxes within the prices change no sum, and are told as such.
 *
 * `shippingName`: how it is sent, if that is known.
 */
export function showTotals(list, body, { write, shippingName = "" }) {
  const amount = Object.fromEntries(body.totals.map((total) => [total.type, total.amount_minor]));
  const rows = [["Goods", write(amount.subtotal)]];
  if (amount.discount) rows.push([`Discount${body.discount ? `: ${body.discount.title}` : ""}`, `−${write(amount.discount)}`]);
  if (shippingName) rows.push([`Shipping: ${shippingName}`, amount.fulfillment ? write(amount.fulfillment) : "free"]);
  for (const tax of body.taxes.filter((one) => !one.inclusive)) rows.push([taxName(tax), write(tax.amount_minor)]);
  rows.push(["Total", write(amount.total), "total"]);
  for (const tax of body.taxes.filter((one) => one.inclusive)) rows.push([`including ${taxName(tax)}`, write(tax.amount_minor), "within"]);
  list.replaceChildren(...rows.map(row));
}

export function totalOf(body) {
  return body.totals.find((one) => one.type === "total").amount_minor;
}

/** Jurisdictions are codes, such as de or us-ca. */
function taxName({ jurisdiction, percent }) {
  return `tax ${percent} % (${jurisdiction.toUpperCase()})`;
}

function row([term, text, kind = ""]) {
  return make("div", { className: kind }, make("dt", { textContent: term }), make("dd", { textContent: text }));
}

/** Lines, each with its quantity and what that costs, as the goods of the totals do. */
export function showLines(list, lines, write) {
  list.replaceChildren(
    ...lines.map(({ name, quantity, subtotal_minor: costs }) =>
      make(
        "li",
        {},
        make("span", { textContent: `${quantity} × ${name}` }),
        make("b", { textContent: costs === null ? "not for sale" : write(costs) }),
      ),
    ),
  );
}
