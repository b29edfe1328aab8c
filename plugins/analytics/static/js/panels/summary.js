// The main figures of the span, with their change against as many days before.

import { ask } from "../api.js";
import { element, figure } from "../dom.js";
import * as show from "../format.js";

/** name, label, how it is shown, and whether more of it is better. */
const TILES = [
  ["gross_revenue", "Gross revenue", show.money, true],
  ["net_revenue", "Net revenue", show.money, true],
  ["order_count", "Orders", show.count, true],
  ["average_order_value", "Average order value", show.money, true],
  ["unit_count", "Units sold", show.count, true],
  ["conversion_rate", "Conversion", (rate) => show.percent(rate, 2), true],
  ["customer_count", "Customers", show.count, true],
  ["new_customer_count", "New customers", show.count, true],
  ["refund_amount", "Refunds", show.money, false],
  ["cart_abandonment_rate", "Cart abandonment", show.percent, false],
];

export const summary = {
  id: "summary",
  title: "Main figures",
  bare: true,
  filters: ["start_date", "end_date"],
  load: ({ start_date, end_date }, signal) => ask("/analytics/summary", { start_date, end_date }, signal),
  isEmpty: ({ data }) => data.current.day_count === 0,
  empty: "The marts hold no day of this span.",
  note: ({ data, meta }, { end_date }) => (end_date > meta.data_through ? `Covered up to ${show.day(meta.data_through)}; ${comparedOf(data, meta)}` : ""),
  draw: ({ data }) => element("dl", { class: "tiles" }, TILES.map((tile) => tileOf(data, ...tile))),
};

/** With what days the figures are compared. */
function comparedOf({ previous }, { start_date }) {
  if (!previous) return "not compared with the days before";
  const days = previous.day_count === 1 ? "day" : `${show.count(previous.day_count)} days`;
  return `compared with the ${days} before ${show.day(start_date)}`;
}

function tileOf({ current, previous, change }, name, label, format, moreIsBetter) {
  return element(
    "div",
    { class: "tile" },
    element("dt", {}, label),
    figure("dd", name, current[name], format(current[name])),
    changeOf(name, change[name], previous?.[name], format, moreIsBetter),
  );
}

function changeOf(name, change, before, format, moreIsBetter) {
  if (change === null || change === undefined) {
    return figure("dd", `${name}_change`, null, "no earlier figure", { class: "change same" });
  }
  const judged = Math.abs(change) < 0.0005 ? "same" : change > 0 === moreIsBetter ? "better" : "worse";
  const arrow = judged === "same" ? "→" : change > 0 ? "▲" : "▼";
  return figure(
    "dd",
    `${name}_change`,
    change,
    element("span", {}, element("span", { "aria-hidden": "true" }, `${arrow} `), show.change(change)),
    { class: `change ${judged}` },
  ).appendChild(element("small", {}, `from ${format(before)}`)).parentNode;
}
