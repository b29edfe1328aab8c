// Revenue over time, and whose it is: of new, returning or unknown customers.

import { daysBetween, grainOf } from "../address.js";
import { ask, askAll } from "../api.js";
import * as show from "../format.js";
import { axis, chart, colour } from "../plots.js";
import { table } from "../table.js";

const NAMES = { day: "day", week: "whole week, from Monday", month: "whole month" };

/** Every period of the span. The span is asked for first where the address names none: its grain depends on it. */
async function load(filters, signal) {
  let { start_date, end_date } = filters;
  if (!start_date) ({ start_date, end_date } = (await ask("/analytics/summary", {}, signal)).meta);
  const grain = grainOf(filters, daysBetween(start_date, end_date));
  const answer = await askAll("/revenue", { start_date, end_date, grain, limit: 1000 }, signal);
  return { ...answer, grain };
}

const shared = {
  filters: ["start_date", "end_date", "grain"],
  load,
  isEmpty: ({ data }) => data.length === 0,
  empty: "The marts hold no day of this span.",
};

function note({ data, grain }) {
  const open = data.filter((period) => !period.is_complete).length;
  return `By ${NAMES[grain]}${open ? "; the last is not over" : ""}`;
}

const periodColumn = (grain) => ({
  key: "period_start",
  label: grain === "month" ? "Month" : grain === "week" ? "Week of" : "Day",
  kind: "text",
  cell: (row) => (grain === "month" ? show.month : show.day)(row.period_start) + (row.is_complete ? "" : " (not over)"),
});

const moneyAxis = () => axis({ tickformat: "~s", tickprefix: show.currencySign(), rangemode: "tozero" });
const daysAxis = () => axis({ type: "date", showgrid: false, hoverformat: "%a %-d %b %Y" });

export const revenue = {
  ...shared,
  id: "revenue",
  title: "Revenue",
  width: "half",
  note,
  draw({ data, grain, meta }, _, panel) {
    const line = (name, label, series, dash) => ({
      type: "scatter",
      mode: data.length < 40 ? "lines+markers" : "lines",
      name: label,
      x: data.map((row) => row.period_start),
      y: data.map((row) => Number(row[name])),
      text: data.map((row) => show.money(row[name])),
      hovertemplate: "%{text}",
      line: { color: colour(series), width: 2, dash },
      marker: { size: 5, symbol: data.map((row) => (row.is_complete ? "circle" : "circle-open")) },
    });
    return chart({
      panel,
      label: `Line chart of gross and net revenue from ${show.span(meta.start_date, meta.end_date)}. The table has the figures.`,
      legend: [["series-1", "Gross revenue"], ["series-2", "Net revenue (dotted)"]],
      figure: () => ({
        data: [line("gross_revenue", "Gross", "series-1"), line("net_revenue", "Net", "series-2", "dot")],
        layout: { xaxis: daysAxis(), yaxis: moneyAxis() },
      }),
      table: table({
        caption: "Revenue by period",
        columns: [
          periodColumn(grain),
          { key: "gross_revenue", label: "Gross", kind: "money" },
          { key: "discount_amount", label: "Discounts", kind: "money" },
          { key: "refund_amount", label: "Refunds", kind: "money" },
          { key: "net_revenue", label: "Net", kind: "money" },
          { key: "order_count", label: "Orders", kind: "count" },
          { key: "average_order_value", label: "AOV", kind: "money" },
        ],
        rows: data,
        keyOf: (row) => row.period_start,
        low: true,
      }),
    });
  },
};

const GROUPS = [
  ["new", "New customers", "series-1"],
  ["returning", "Returning customers", "series-2"],
  ["unknown", "Unknown customers", "series-4"],
];

export const customerMix = {
  ...shared,
  id: "customer-mix",
  title: "New, returning and unknown customers",
  width: "half",
  note: (answer) => `Gross revenue; ${note(answer).replace("By", "by")}`,
  draw({ data, grain, meta }, _, panel) {
    const total = show.sum(data.map((row) => row.gross_revenue));
    const shareOf = (group) => {
      const part = show.sum(data.map((row) => row[`${group}_revenue`]));
      return Number(total) ? show.percent(Number(part) / Number(total)) : show.NONE;
    };
    const shares = GROUPS.map(([group, label, series]) => [series, `${label} ${shareOf(group)}`]);
    return chart({
      panel,
      label: `Stacked bars of gross revenue from ${show.span(meta.start_date, meta.end_date)}: ${shares.map(([, text]) => text).join(", ")}.`,
      legend: shares,
      figure: () => ({
        data: GROUPS.map(([group, label, series]) => ({
          type: "bar",
          name: label,
          x: data.map((row) => row.period_start),
          y: data.map((row) => Number(row[`${group}_revenue`])),
          text: data.map((row) => show.money(row[`${group}_revenue`])),
          textposition: "none",
          hovertemplate: "%{text}",
          marker: { color: colour(series) },
        })),
        layout: { barmode: "stack", xaxis: daysAxis(), yaxis: moneyAxis() },
      }),
      table: table({
        caption: "Revenue and orders of new, returning and unknown customers",
        columns: [
          periodColumn(grain),
          ...GROUPS.flatMap(([group]) => [
            { key: `${group}_revenue`, label: `${show.words(group)} revenue`, kind: "money" },
            { key: `${group}_order_count`, label: `${show.words(group)} orders`, kind: "count" },
          ]),
        ],
        rows: data,
        keyOf: (row) => row.period_start,
        low: true,
      }),
    });
  },
};
