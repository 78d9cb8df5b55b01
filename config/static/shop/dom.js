/** Elements from data, without markup in texts: whatever a text says, it is shown and never run. */

/** Return a new element. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

/** Return a copy of what a <template> holds. */
export function copyOf(id) {
  return document.getElementById(id).content.cloneNode(true).firstElementChild;
}

export function show(element, text) {
  element.textContent = text;
  element.hidden = !text;
}
