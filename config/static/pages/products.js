/** The list of products with its steppers: what is chosen, and how many are free. */

const MOST_OF_ONE = 10_000; // the API's own limit

export class ProductList {
  #list;
  #template;
  #currency;
  #write;
  #onChange;
  #rows = new Map();

  constructor({ list, template, currency, write, onChange }) {
    this.#list = list;
    this.#template = template;
    this.#currency = currency;
    this.#write = write;
    this.#onChange = onChange;
  }

  /** Show the products as the API lists them; what was chosen stays chosen. */
  show(products) {
    for (const product of products) {
      for (const variant of product.variants) {
        const price = variant.prices.find((one) => one.currency === this.#currency);
        if (price) this.#row(product, variant, price).update(variant.available);
      }
    }
    this.#list.setAttribute("aria-busy", "false");
    if (this.#rows.size === 0) this.#list.textContent = `Nothing is for sale in ${this.#currency}.`;
  }

  /** What is in the cart: name, sku, quantity, total. */
  chosen() {
    return [...this.#rows.values()].map((row) => row.line()).filter((line) => line.quantity > 0);
  }

  clear() {
    for (const row of this.#rows.values()) row.set(0);
  }

  #row(product, variant, price) {
    if (!this.#rows.has(variant.sku)) {
      const name = `${product.name} ${variant.name}`.trim();
      const row = new Row(this.#template.content.cloneNode(true).firstElementChild, {
        name,
        sku: variant.sku,
        description: product.description,
        image: product.images[0],
        unit: price.unit_amount_minor,
        price: this.#write(price.unit_amount_minor),
        onChange: this.#onChange,
      });
      this.#rows.set(variant.sku, row);
      this.#list.append(row.element);
    }
    return this.#rows.get(variant.sku);
  }
}

class Row {
  #about;
  #input;
  #less;
  #more;

  constructor(element, about) {
    this.element = element;
    this.#about = about;
    this.#input = element.querySelector("input");
    this.#less = element.querySelector(".less");
    this.#more = element.querySelector(".more");
    element.dataset.sku = about.sku;
    element.querySelector("h3").textContent = about.name;
    this.#showImage(element.querySelector("img"), about.image);
    element.querySelector(".description").textContent = about.description;
    element.querySelector(".price").textContent = about.price;
    element.querySelector(".stepper").setAttribute("aria-label", `Quantity of ${about.name}`);
    this.#input.setAttribute("aria-label", `Quantity of ${about.name}`);
    this.#less.setAttribute("aria-label", `One ${about.name} less`);
    this.#more.setAttribute("aria-label", `One ${about.name} more`);
    this.#less.addEventListener("click", () => this.set(this.#quantity - 1));
    this.#more.addEventListener("click", () => this.set(this.#quantity + 1));
    this.#input.addEventListener("change", () => this.set(this.#quantity));
    this.#input.addEventListener("focus", () => this.#input.select());
  }

  update(available) {
    this.#input.max = Math.min(available, MOST_OF_ONE);
    this.element.querySelector(".stock").textContent = available > 0 ? `${available} in stock` : "Sold out";
    this.set(this.#quantity);
  }

  set(quantity) {
    const most = Number(this.#input.max);
    this.#input.value = Math.min(Math.max(quantity, 0), most);
    this.#less.disabled = this.#quantity <= 0;
    this.#more.disabled = this.#quantity >= most;
    this.#about.onChange();
  }

  line() {
    const { name, sku, unit } = this.#about;
    return { name, sku, quantity: this.#quantity, totalMinor: this.#quantity * unit };
  }

  /** The name stands beside it, so for those who hear the page the picture says nothing. */
  #showImage(picture, image) {
    if (!image) return;
    picture.src = image.url;
    picture.hidden = false;
  }

  get #quantity() {
    return Math.trunc(Number(this.#input.value)) || 0;
  }
}
