// How numbers, money, days and times are shown: one way each, in the reader's locale.
// Money stays the decimal string of the API: Intl formats the string itself.

let currency = null;
let timeZone = "UTC";
const formats = new Map();

function format(kind, options) {
  const key = kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(undefined, options));
  return formats.get(key);
}

const number = (options) => format(Intl.NumberFormat, options);
const time = (options) => format(Intl.DateTimeFormat, options);
export const NONE = "–";
const shown = (value, how) => (value === null || value === undefined || value === "" ? NONE : how(value));

/** Take over currency and time zone from an answer's meta. */
export function describeWith(meta) {
  currency = meta.currency;
  timeZone = meta.time_zone;
}

const moneyOptions = (more) => (currency ? { style: "currency", currency, ...more } : { minimumFractionDigits: 2, maximumFractionDigits: 2, ...more });

export const money = (value) => shown(value, (held) => number(moneyOptions({})).format(held));
/** The sign of the currency, for axes; empty where amounts have several. */
export const currencySign = () =>
  currency ? number(moneyOptions({})).formatToParts(0).find((part) => part.type === "currency").value : "";
export const count = (value) => shown(value, (held) => number({ maximumFractionDigits: 0 }).format(held));
export const decimal = (value, digits = 2) =>
  shown(value, (held) => number({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(held));
export const percent = (value, digits = 1) =>
  shown(value, (held) => number({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(held));
export const change = (value) =>
  shown(value, (held) => number({ style: "percent", maximumFractionDigits: 1, minimumFractionDigits: 1, signDisplay: "exceptZero" }).format(held));
export const points = (value) =>
  shown(value, (held) => number({ maximumFractionDigits: 2, minimumFractionDigits: 2, signDisplay: "exceptZero" }).format(held * 100));
export const probability = (value) => shown(value, (held) => (held < 0.001 ? "< " + decimal(0.001, 3) : decimal(held, 3)));

// A day has no time zone: it is shown as the calendar has it.
const calendar = (options) => (value) => shown(value, (held) => time({ timeZone: "UTC", ...options }).format(new Date(held + "T00:00:00Z")));
export const day = calendar({ day: "numeric", month: "short", year: "numeric" });
export const month = calendar({ month: "short", year: "numeric" });
export const moment = (value) => shown(value, (held) => time({ timeZone, dateStyle: "medium", timeStyle: "short" }).format(new Date(held)));

/** "12 May – 10 Jun 2026". */
export const span = (start, end) =>
  time({ timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }).formatRange(new Date(start + "T00:00:00Z"), new Date(end + "T00:00:00Z"));

/** Words from an identifier: add_to_cart → Add to cart. */
export const words = (name) => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");

/** Compare two decimal strings, or numbers, or words; null stands last. */
export function compare(one, other) {
  if (one === other) return 0;
  if (one === null || one === undefined) return 1;
  if (other === null || other === undefined) return -1;
  if (isMoney(one) && isMoney(other)) {
    const difference = cents(one) - cents(other);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return typeof one === "number" ? one - other : String(one).localeCompare(String(other));
}

const isMoney = (value) => typeof value === "string" && /^-?\d+\.\d{4}$/.test(value);
const cents = (value) => BigInt(value.replace(".", ""));

/** The sum of decimal strings, exactly, with four decimals; null where there are none. */
export function sum(amounts) {
  const held = amounts.filter((amount) => amount !== null);
  if (!held.length) return null;
  const total = held.reduce((all, amount) => all + cents(amount), 0n);
  const digits = (total < 0n ? -total : total).toString().padStart(5, "0");
  return `${total < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4)}`;
}
