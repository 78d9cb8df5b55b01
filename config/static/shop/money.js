/** Amounts as people read them, from the minor units that the API speaks. */

/** Return how to write amounts of a currency: `money("EUR")(1290)` is "€12.90". */
export function money(currency) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  const unit = 10 ** format.resolvedOptions().maximumFractionDigits;
  return (amountMinor) => format.format(amountMinor / unit);
}
