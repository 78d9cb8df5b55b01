/** Checkout: where it goes and how, the discount, and the payment. Every change prices the cart anew. */

import { AddressForm } from "./address.js";
import { Refused } from "./api.js";
import { copyOf, show } from "./dom.js";
import { api, carts, result, showCount, told, write } from "./page.js";
import { OtherTotal, anotherOne, buy, newPurchase, openPurchase } from "./purchase.js";
import { showLines, showTotals, totalOf } from "./totals.js";

const form = document.getElementById("checkout");
const options = document.getElementById("options");
const code = document.getElementById("code");
const pay = document.getElementById("pay");
const address = new AddressForm(form, () => change(address.terms()));
let cart = null;
let paying = false;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
document.getElementById("discount").addEventListener("submit", (event) => {
  event.preventDefault();
  change({ discount_code: code.value.trim() });
});
await start();

async function start() {
  if (openPurchase()) {
    await purchase(openPurchase());
    return;
  }
  try {
    const found = await carts.read();
    if (found) address.fill(found);
    if (found) code.value = found.discount_code;
    draw(found?.line_items.length ? await carts.change(address.terms()) : null);
  } catch (error) {
    result.bad(`The cart cannot be read. ${error.message}`);
  }
}

/** The pay button stays as it is meanwhile: whoever presses it while a field is left would press in vain. */
async function change(terms) {
  try {
    draw(await carts.change(terms));
  } catch (error) {
    result.bad(error.message);
    address.refuse(error.problem?.errors ?? []);
  }
}

function draw(now) {
  cart = now;
  showCount(cart);
  document.getElementById("empty").hidden = cart !== null;
  document.getElementById("columns").hidden = cart === null;
  if (cart === null) return;
  showLines(document.getElementById("lines"), cart.line_items, write);
  drawOptions();
  const sent = cart.fulfillment_options.find((one) => one.id === cart.fulfillment_option_id);
  showTotals(document.getElementById("totals"), cart, { write, shippingName: sent?.name });
  showMessages();
  pay.disabled = paying;
  pay.textContent = paying ? "Paying …" : `Pay ${write(totalOf(cart))}`;
}

/** They stay the same elements while they are the same options, so that whoever is at one stays there. */
function drawOptions() {
  const ids = cart.fulfillment_options.map((one) => one.id).join();
  options.hidden = ids === "";
  if (options.dataset.ids !== ids) {
    options.dataset.ids = ids;
    options.querySelectorAll("label").forEach((label) => label.remove());
    options.append(...cart.fulfillment_options.map(newOption));
  }
  for (const { id, amount_minor: amount } of cart.fulfillment_options) {
    const input = options.querySelector(`input[value="${CSS.escape(id)}"]`);
    input.checked = id === cart.fulfillment_option_id;
    input.closest("label").querySelector(".amount").textContent = amount ? write(amount) : "free";
  }
}

function newOption({ id, name, description }) {
  const label = copyOf("option");
  const input = label.querySelector("input");
  input.value = id;
  input.addEventListener("change", () => change({ fulfillment_option_id: id }));
  label.querySelector("strong").textContent = name;
  label.querySelector("small").textContent = description;
  return label;
}

function showMessages() {
  const ofCode = cart.messages.filter(({ pointer }) => pointer === "/discount_code");
  show(document.getElementById("code-error"), ofCode.map(({ detail }) => detail).join(" "));
  code.setAttribute("aria-invalid", String(ofCode.length > 0));
  const others = cart.messages.filter(({ pointer }) => pointer !== "/discount_code");
  if (others.length) result.bad("Please look at this first.", others.map(({ detail }) => ({ detail })));
  else if (!paying) result.clear();
}

async function submit() {
  if (paying || cart === null || !address.check()) return;
  const token = new FormData(form).get("token");
  const seen = totalOf(cart);
  setPaying(true);
  try {
    // What was typed last may not have been sent yet.
    draw(await carts.change(address.terms()));
  } catch (error) {
    showFailure(error, null);
    setPaying(false);
    return;
  }
  if (totalOf(cart) === seen) {
    await purchase(newPurchase({ cartId: cart.id, token, total: seen }));
    return;
  }
  setPaying(false);
  result.bad("The total has changed: have a look at it, and pay then.");
}

async function purchase(what) {
  setPaying(true);
  try {
    const session = await buy(what, { api, sessionsUrl: told.sessionsUrl, onStep: (text) => result.busy(text) });
    goToOrder(session.id);
  } catch (error) {
    setPaying(false);
    draw(await carts.read().catch(() => cart));
    showFailure(error, what);
  }
}

function goToOrder(sessionId) {
  location.assign(`${told.catalogPage}orders/${sessionId}/`);
}

function showFailure(error, what) {
  const problem = error.problem ?? {};
  if (error instanceof OtherTotal) {
    result.bad("Prices have changed: have a look at the new total. Nothing was charged.");
  } else if (!(error instanceof Refused)) {
    result.ask(
      "There is no final answer yet: the payment may have gone through. You will not be charged twice.",
      "Ask again",
      () => (what ? purchase(what) : submit()),
    );
  } else if (problem.code === "possible_duplicate") {
    const again = anotherOne(what, problem.earlier_session);
    result.ask("You have just bought the same. Nothing was charged this time.", "Buy it again", () => purchase(again));
  } else if (problem.checkout_session && problem.code === "cart_in_payment") {
    result.lead("Another payment for this cart is under way.", "Look at it", `${told.catalogPage}orders/${problem.checkout_session}/`);
  } else {
    result.bad(error.message + reasonOf(problem), problem.errors ?? problem.messages ?? []);
    address.refuse(problem.errors ?? []);
  }
}

/** The bank's own word for it, such as insufficient_funds. */
function reasonOf({ decline_reason: reason }) {
  return reason ? ` Reason: ${reason.replaceAll("_", " ")}.` : "";
}

function setPaying(now) {
  paying = now;
  form.setAttribute("aria-busy", String(now));
  pay.disabled = now;
  pay.textContent = now ? "Paying …" : `Pay${cart ? ` ${write(totalOf(cart))}` : ""}`;
}
