/**
 * A purchase under way: everything that is sent, and a key for each of its two effects.
 *
 * It outlives a reload: while its end is unknown, its keys are the only way to ask about it.
 */

import { Refused } from "./api.js";
import { totalOf } from "./totals.js";

const OPEN_PURCHASE = "tally.open-purchase";

/** The session costs something else than was shown. */
export class OtherTotal extends Error {}

export function newPurchase({ cartId, token, total }) {
  return {
    session: { cart_id: cartId },
    payment: { payment: { token } },
    total,
    keys: { create: crypto.randomUUID(), complete: crypto.randomUUID() },
  };
}

/** The same purchase, said to be another one than the earlier: a new effect, and so a new key. */
export function anotherOne(purchase, earlier) {
  return {
    ...purchase,
    payment: { ...purchase.payment, not_duplicate_of: earlier },
    keys: { ...purchase.keys, complete: crypto.randomUUID() },
  };
}

export function openPurchase() {
  return JSON.parse(sessionStorage.getItem(OPEN_PURCHASE) ?? "null");
}

/** Pay, and return the session; `onStep(text)` hears of what is being done. */
export async function buy(purchase, { api, sessionsUrl, onStep }) {
  sessionStorage.setItem(OPEN_PURCHASE, JSON.stringify(purchase));
  const onWait = (tries, most) => onStep(`No final answer yet. Still asking, with the same key: ${tries} of ${most} …`);
  try {
    onStep("Opening the checkout …");
    const session = await api.post(sessionsUrl, purchase.session, { key: purchase.keys.create, onWait });
    if (totalOf(session) !== purchase.total) throw new OtherTotal();
    onStep("Paying …");
    const url = `${sessionsUrl}/${session.id}/complete`;
    const ended = await api.post(url, purchase.payment, { key: purchase.keys.complete, onWait, takesPending: true });
    sessionStorage.removeItem(OPEN_PURCHASE);
    return ended;
  } catch (error) {
    // Only a refusal is an answer. After anything else the same keys must ask again.
    if (error instanceof Refused || error instanceof OtherTotal) sessionStorage.removeItem(OPEN_PURCHASE);
    throw error;
  }
}
