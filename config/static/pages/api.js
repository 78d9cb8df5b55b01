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
   * Send until the answer is final, and return it.
   *
   * `onWait(tries)` hears of every answer that is none.
   */
  async post(url, body, { key, onWait }) {
    const request = {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": `"${key}"` },
      body: JSON.stringify(body),
    };
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const answer = await this.#send(url, request).catch(() => null);
      const content = answer && (await readJson(answer));
      if (answer && !isForNow(answer)) {
        if (!answer.ok) throw new Refused(answer.status, content);
        return content;
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
