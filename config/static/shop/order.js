/** How a checkout session stands, and the order that it has become. Looks again while something is to come. */

import { pause } from "./api.js";
import { make } from "./dom.js";
import { api, carts, result, showCount, told, write } from "./page.js";
import { showLines, showTotals, totalOf } from "./totals.js";

const POLL_MS = 2_000;
// An order changes by hand: whoever watches it does not have to be told within seconds.
const ORDER_POLL_MS = 10_000;
// As long as a buyer may take at the bank.
const MOST_POLLS = 450;
const OVER = ["completed", "canceled"];
const STEPS = ["payment", "confirmed", "shipped", "completed"];
const REACHED = { confirmed: "confirmed", manual_review: "confirmed", processing: "confirmed", shipped: "shipped", completed: "completed" };
const ENDED = {
  canceled: "This checkout was cancelled, and nothing is bought.",
  expired: "This checkout took too long, and nothing is bought.",
};

const steps = document.getElementById("steps");

await follow();

async function follow() {
  showCount(await carts.read().catch(() => null));
  for (let polls = 0; polls < MOST_POLLS; polls += 1) {
    const session = await api.get(`${told.sessionsUrl}/${told.sessionId}`).catch((error) => ({ error }));
    const goesOn = session.error ? session.error.status === undefined : await showSession(session);
    if (session.error) result.bad(session.error.message);
    if (!goesOn) return;
    await pause(session.state === "completed" ? ORDER_POLL_MS : POLL_MS);
  }
}

/** Show it, and return whether something is to come. */
async function showSession(session) {
  const order = session.order === null ? null : await api.get(`${told.ordersUrl}/${session.order.id}`);
  show(session, order);
  switch (session.state) {
    case "completed":
      return !OVER.includes(order.state);
    case "complete_in_progress":
      result.busy("Nobody knows yet how the payment ended: the answer was lost. It is being found out, and you will not be charged twice.");
      return true;
    case "requires_escalation":
      askTheBank(session.next_action.url);
      return true;
    default:
      result.lead(ENDED[session.state] ?? "The payment was not confirmed. Nothing was charged.", "Back to checkout", told.checkoutPage);
      return false;
  }
}

/** Drawn once: whoever is about to press the button keeps it. */
function askTheBank(url) {
  if (document.querySelector("#result a")?.href === url) return;
  result.goOn("Your bank asks you to confirm this payment.", "Go to the bank", url);
}

function show(session, order) {
  const body = order ?? session;
  document.getElementById("order").hidden = false;
  showLines(document.getElementById("lines"), body.line_items, write);
  showTotals(document.getElementById("totals"), body, { write, shippingName: shippingOf(session, order) });
  showSteps(order);
  showFacts(session, order);
  showShipments(order);
  if (order) {
    document.getElementById("heading").textContent = order.state === "canceled" ? "Your order" : "Thank you!";
    thank(`Order ${order.id}, ${write(totalOf(order))}.`);
    const admin = document.getElementById("admin");
    admin.href = `${admin.pathname}?q=${order.id}`;
  }
}

/** Said once: whoever hears the page is not told the same again and again. */
function thank(text) {
  if (document.getElementById("result").textContent !== text) result.good(text);
}

function shippingOf(session, order) {
  return order?.fulfillment_option?.name ?? session.fulfillment_option_id ?? "";
}

function showSteps(order) {
  const now = order ? REACHED[order.state] : "payment";
  steps.hidden = now === undefined;
  for (const item of steps.children) {
    const place = STEPS.indexOf(item.dataset.step);
    item.classList.toggle("done", place < STEPS.indexOf(now) || now === "completed");
    if (item.dataset.step === now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

function showFacts(session, order) {
  const to = session.shipping_address;
  const place = [to.name, to.line1, [to.postal_code, to.city].filter(Boolean).join(" "), to.region, to.country];
  const facts = [
    ["State", (order ?? session).state.replaceAll("_", " ")],
    ["Order", order?.id],
    ["Payment", order?.payment_intent],
    ["E-mail", session.buyer.email],
    ["Goes to", place.filter(Boolean).join(", ")],
  ];
  const rows = facts.filter(([, text]) => text).map(([term, text]) =>
    make("div", {}, make("dt", { textContent: term }), make("dd", { textContent: text })),
  );
  document.getElementById("facts").replaceChildren(...rows);
}

/** Each parcel with what is in it, and what was cancelled, came back or was paid back. */
function showShipments(order) {
  const parcels = (order?.shipments ?? []).map(({ line_items: lines, carrier, tracking_number: number, tracking_url: url }, index) => {
    const name = [carrier, number].filter(Boolean).join(" ");
    const mark = url ? make("a", { href: url, rel: "noopener", textContent: name || "track it" }) : name;
    return make("li", {}, make("b", { textContent: `Parcel ${index + 1}: ` }), units(lines), mark ? " · " : "", mark);
  });
  const adjustments = (order?.adjustments ?? []).map(({ kind, amount_minor: amount, line_items: lines }) =>
    make("li", {}, make("b", { textContent: `${kind}: ` }), [units(lines), write(amount)].filter(Boolean).join(", ")),
  );
  const all = [...parcels, ...adjustments];
  document.getElementById("shipments").replaceChildren(...(all.length ? [make("ul", { className: "parcels" }, ...all)] : []));
}

function units(lines) {
  return lines.map((line) => `${line.quantity} × ${line.sku}`).join(", ");
}
