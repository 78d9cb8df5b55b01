/** How a checkout session stands, and the order that it has become. Looks again while something is to come. */

import { pause } from "./api.js";
import { make } from "./dom.js";
import { api, carts, result, showCount, told, write } from "./page.js";
import { showLines, showTotals, totalOf } from "./totals.js";

const POLL_MS = 2_000;
// As long as a buyer may take at the bank.
const MOST_POLLS = 450;
const STEPS = ["payment", "confirmed", "shipped", "completed"];
const REACHED = { confirmed: "confirmed", processing: "confirmed", shipped: "shipped", completed: "completed" };
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
    await pause(POLL_MS);
  }
}

/** Show it, and return whether something is to come. */
async function showSession(session) {
  show(session, session.order === null ? null : await api.get(`${told.ordersUrl}/${session.order.id}`));
  switch (session.state) {
    case "completed":
      return false;
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
    document.getElementById("heading").textContent = "Thank you!";
    result.good(`Order ${order.id}, ${write(totalOf(order))}.`);
    const admin = document.getElementById("admin");
    admin.href = `${admin.pathname}?q=${order.id}`;
  }
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

/** Each parcel with what is in it. */
function showShipments(order) {
  const shipments = order?.shipments ?? [];
  const parcels = shipments.map(({ line_items: lines, tracking_number: number }, index) =>
    make(
      "li",
      {},
      make("b", { textContent: `Parcel ${index + 1}${number ? ` (${number})` : ""}: ` }),
      (lines ?? []).map((line) => `${line.quantity} × ${line.sku}`).join(", "),
    ),
  );
  document.getElementById("shipments").replaceChildren(...(parcels.length ? [make("ul", { className: "parcels" }, ...parcels)] : []));
}
