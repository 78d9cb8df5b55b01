/**
 * The public API as a careful client uses it: whatever has an effect is sent under a key, and sent again under the same
 * key until there is a final answer.
 */

const MOST_TRIES = 12;
// Longer than the server waits for the payment provider.
const ANSWER_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/** A refusal: `problem` is the RFC 9457 document, or an empty object. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** No final answer after all tries. What was asked for may have happened: only the same key finds out. */
export class StillUnknown extends Error {}

export class Api {
  #headers;

  constructor(key) {
    this.#headers = { Authorization: `Bearer ${key}` };
  }

  /** Read an address once. */
  async get(url) {
    const answer = await this.#send(url, {});
    const body = await readJson(answer);
    if (!answer.ok) throw new Refused(answer.status, body);
    return body;
  }

  /**
   * Send until the answer is final, and return it. Whatever waits for others, such as a payment whose outcome nobody
   * knows yet (202), is final only if `takesPending` says so.
   *
   * `onWait(tries)` hears of every answer that is none.
   */
  post(url, body, { key = crypto.randomUUID(), onWait, takesPending = false } = {}) {
    return this.#until({ method: "POST", url, body, headers: { "Idempotency-Key": `"${key}"` }, onWait, takesPending });
  }

  /** These say what is to be, so that sending them twice does no harm. */
  patch(url, body) {
    return this.#until({ method: "PATCH", url, body });
  }

  put(url, body) {
    return this.#until({ method: "PUT", url, body });
  }

  delete(url) {
    return this.#until({ method: "DELETE", url });
  }

  async #until({ method, url, body, headers, onWait = () => {}, takesPending = false }) {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const request = { method, headers: { "Content-Type": "application/json", ...headers }, ...content };
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const answer = await this.#send(url, request).catch(() => null);
      const told = answer && (await readJson(answer));
      if (answer && (!isForNow(answer) || (takesPending && answer.status === 202))) {
        if (!answer.ok) throw new Refused(answer.status, told);
        return told;
      }
      onWait(tries, MOST_TRIES);
      if (tries < MOST_TRIES) await pause(pauseMs(answer, tries));
    }
    throw new StillUnknown();
  }

  #send(url, request) {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    return fetch(url, { ...request, signal, headers: { ...this.#headers, ...request.headers } });
  }
}

export function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Still unknown, somebody else at it, or the server's own trouble. */
function isForNow(answer) {
  return answer.status === 202 || answer.status >= 500 || (answer.status === 409 && answer.headers.has("Retry-After"));
}

function pauseMs(answer, tries) {
  const asked = Number(answer?.headers.get("Retry-After")) * 1000 || 0;
  return Math.min(Math.max(asked, FIRST_PAUSE_MS * 1.5 ** (tries - 1)), LONGEST_PAUSE_MS);
}

/** A proxy's error page is no JSON, and a body may break off: neither says more than the status. */
async function readJson(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}
