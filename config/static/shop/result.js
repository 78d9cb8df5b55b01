/** The box at the top of a page: what is going on, how it ended, and what to mend. */

export class Result {
  #box;

  constructor(box) {
    this.#box = box;
  }

  busy(text) {
    this.#show("busy", [paragraph(text)]);
  }

  good(text) {
    this.#show("good", [paragraph(text)]);
  }

  /** Say what went wrong; `fields` are the problem's `errors`. */
  bad(text, fields = []) {
    const list = document.createElement("ul");
    for (const { pointer, detail } of fields) {
      const item = document.createElement("li");
      item.textContent = pointer ? `${pointer}: ${detail}` : detail;
      list.append(item);
    }
    this.#show("bad", fields.length ? [paragraph(text), list] : [paragraph(text)]);
  }

  /** Send the buyer on to the bank, in another window: this page waits for the answer. */
  goOn(text, label, url) {
    const link = document.createElement("a");
    Object.assign(link, { href: url, target: "_blank", rel: "noopener", className: "button", textContent: label });
    this.#show("busy", [paragraph(text), link]);
  }

  /** Say what has been done, and where it goes on. */
  goTo(text, label, url) {
    const link = document.createElement("a");
    Object.assign(link, { href: url, textContent: label });
    const line = paragraph(`${text} `);
    line.append(link);
    this.#show("good", [line]);
  }

  /** Say what went wrong, and where it goes on. */
  lead(text, label, url) {
    const link = document.createElement("a");
    Object.assign(link, { href: url, className: "button", textContent: label });
    this.#show("bad", [paragraph(text), link]);
  }

  /** Do something only when the buyer says so. */
  ask(text, label, act) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button", textContent: label, onclick: act });
    this.#show("bad", [paragraph(text), button]);
  }

  clear() {
    this.#show("", []);
  }

  #show(kind, parts) {
    this.#box.dataset.kind = kind;
    this.#box.replaceChildren(...parts);
  }
}

function paragraph(text) {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}
