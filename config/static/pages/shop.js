/** The shop page: choose, pay, and hear how it ended. */

import { Api, Refused, StillUnknown, pause } from "./api.js";
import { money } from "./money.js";
import { ProductList } from "./products.js";
import { Result } from "./result.js";

// A purchase whose end is unknown outlives a reload: its keys are the only way to ask about it.
const OPEN_PURCHASE = "tally.open-purchase";
// How long a buyer may take at the bank, and how often we look.
const BANK_POLLS = 150;
const BANK_POLL_MS = 2_000;

const form = document.getElementById("shop");
const { apiKey, currency, productsUrl, sessionsUrl } = form.dataset;
const lines = document.getElementById("lines");
const total = document.getElementById("total");
const email = document.getElementById("email");
const pay = document.getElementById("pay");

const api = new Api(apiKey);
const write = money(currency);
const result = new Result(document.getElementById("result"));
const products = new ProductList({
  list: document.getElementById("products"),
  template: document.getElementById("product"),
  currency,
  write,
  onChange: showCart,
});
let paying = false;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const open = readOpenPurchase();
  if (!paying && (open || checkEmail())) buy(open ?? newPurchase());
});
email.addEventListener("input", () => showEmailError(""));
form.hidden = false;
showCart();
await refreshProducts();
if (readOpenPurchase()) await buy(readOpenPurchase());

async function refreshProducts() {
  try {
    const found = [];
    for (let url = productsUrl; url; ) {
      const page = await api.get(url);
      found.push(...page.data);
      url = page.next;
    }
    products.show(found);
  } catch (error) {
    result.bad(`The products cannot be listed. ${error.message}`);
  }
}

function showCart() {
  const chosen = products.chosen();
  const totalMinor = chosen.reduce((sum, line) => sum + line.totalMinor, 0);
  lines.replaceChildren(...(chosen.length ? chosen.map(cartLine) : [emptyLine()]));
  total.textContent = write(totalMinor);
  const open = readOpenPurchase();
  pay.disabled = paying || (!open && chosen.length === 0);
  pay.textContent = label(open, chosen, totalMinor);
}

function label(open, chosen, totalMinor) {
  if (paying) return "Paying …";
  if (open) return "Ask again";
  return chosen.length ? `Pay ${write(totalMinor)}` : "Pay";
}

function cartLine({ name, quantity, totalMinor }) {
  const item = document.createElement("li");
  const [text, amount] = [document.createElement("span"), document.createElement("b")];
  text.textContent = `${quantity} × ${name}`;
  amount.textContent = write(totalMinor);
  item.append(text, amount);
  return item;
}

function emptyLine() {
  const item = document.createElement("li");
  item.className = "empty";
  item.textContent = "Nothing chosen yet.";
  return item;
}

/** Everything that is sent, and a key for each of the two effects. */
function newPurchase() {
  return {
    cart: {
      currency,
      line_items: products.chosen().map(({ sku, quantity }) => ({ sku, quantity })),
      buyer: { email: email.value.trim() },
    },
    payment: { payment: { token: new FormData(form).get("token") } },
    keys: { create: crypto.randomUUID(), complete: crypto.randomUUID() },
  };
}

async function buy(purchase) {
  setPaying(true);
  sessionStorage.setItem(OPEN_PURCHASE, JSON.stringify(purchase));
  try {
    const session = await send(purchase);
    const ended = session.state === "requires_escalation" ? await askTheBank(session) : session;
    sessionStorage.removeItem(OPEN_PURCHASE);
    showEnd(ended);
  } catch (error) {
    // Only a refusal is an answer. After anything else the same keys must ask again.
    if (error instanceof Refused) sessionStorage.removeItem(OPEN_PURCHASE);
    showFailure(error, purchase);
  }
  setPaying(false);
  await refreshProducts();
}

async function send({ cart, payment, keys }) {
  result.busy("Opening the checkout …");
  const session = await api.post(sessionsUrl, cart, { key: keys.create, onWait: stillAsking });
  result.busy("Paying …");
  const url = `${sessionsUrl}/${session.id}/complete`;
  return api.post(url, payment, { key: keys.complete, onWait: stillAsking });
}

function stillAsking(tries, mostTries) {
  result.busy(`No final answer yet. Still asking, with the same key: ${tries} of ${mostTries} …`);
}

/** Let the buyer confirm at the bank, and look until the session has moved on. */
async function askTheBank(session) {
  result.goOn("Your bank asks you to confirm this payment.", "Go to the bank", session.next_action.url);
  for (let polls = 0; polls < BANK_POLLS; polls += 1) {
    await pause(BANK_POLL_MS);
    const now = await api.get(`${sessionsUrl}/${session.id}`).catch(() => session);
    if (!["requires_escalation", "complete_in_progress"].includes(now.state)) return now;
  }
  throw new StillUnknown();
}

function showEnd(session) {
  if (session.state !== "completed") {
    result.bad("The payment was not confirmed. Nothing was charged.");
    return;
  }
  const paid = session.totals.find((one) => one.type === "total").amount_minor;
  products.clear();
  result.good(`Thank you! Order ${session.order.id}, ${write(paid)}.`);
}

function showFailure(error, purchase) {
  if (error instanceof Refused && error.problem.code === "possible_duplicate") {
    const again = anotherOne(purchase, error.problem.earlier_session);
    result.ask("You have just bought the same. Nothing was charged this time.", "Buy it again", () => buy(again));
  } else if (error instanceof Refused) {
    const fields = error.problem.errors ?? [];
    const ofEmail = fields.find((field) => field.pointer === "/buyer/email");
    result.bad(error.message + reasonOf(error.problem), fields);
    if (ofEmail) showEmailError(ofEmail.detail);
  } else {
    result.bad("There is no final answer yet: the payment may have gone through. Ask again to find out; you will not be charged twice.");
  }
}

/** The same purchase, said to be another one than the earlier: a new effect, and so a new key. */
function anotherOne({ cart, payment, keys }, earlier) {
  return {
    cart,
    payment: { ...payment, not_duplicate_of: earlier },
    keys: { create: keys.create, complete: crypto.randomUUID() },
  };
}

/** The bank's own word for it, such as insufficient_funds. */
function reasonOf({ decline_reason: reason }) {
  return reason ? ` Reason: ${reason.replaceAll("_", " ")}.` : "";
}

function checkEmail() {
  result.clear();
  showEmailError(email.validity.valid ? "" : "An e-mail address, such as ada@example.com.");
  if (!email.validity.valid) email.focus();
  return email.validity.valid;
}

function showEmailError(text) {
  const error = document.getElementById("email-error");
  error.textContent = text;
  error.hidden = !text;
  email.setAttribute("aria-invalid", String(Boolean(text)));
}

function setPaying(now) {
  paying = now;
  form.setAttribute("aria-busy", String(now));
  showCart();
}

function readOpenPurchase() {
  return JSON.parse(sessionStorage.getItem(OPEN_PURCHASE) ?? "null");
}
