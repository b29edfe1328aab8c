// RFM: the grid of scores, the segments, how they moved, and the customers of one.

import { ask } from "../api.js";
import { element, figure } from "../dom.js";
import * as show from "../format.js";
import { axis, chart, colour } from "../plots.js";
import { sortableTable, table } from "../table.js";
import { heatOf } from "./heat.js";

const SCORES = [5, 4, 3, 2, 1];
const MONTHS = 12;
const load = (_, signal) => ask("/customers/segments", { months: MONTHS }, signal);

export const rfmGrid = {
  id: "rfm-grid",
  title: "RFM grid",
  width: "third",
  ignores: { segment: "all segments" },
  load,
  isEmpty: ({ data }) => data.grid.length === 0,
  empty: "No known customer has ordered yet.",
  note: () => "Customers by recency (R) and frequency (F); 5 is best",
  draw({ data }) {
    const cells = new Map(data.grid.map((cell) => [`${cell.recency_score}${cell.frequency_score}`, cell]));
    const largest = Math.max(...data.grid.map((cell) => cell.customer_count));
    const across = [...SCORES].reverse();
    return element(
      "table",
      { class: "heat square" },
      element("caption", {}, "Customers by recency score (rows) and frequency score (columns)"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Score"), across.map((score) => element("th", { scope: "col" }, `F ${score}`)))),
      element("tbody", {}, SCORES.map((recency) =>
        element("tr", {}, element("th", { scope: "row" }, `R ${recency}`), across.map((frequency) =>
          gridCell(cells.get(`${recency}${frequency}`), recency, frequency, largest))))),
    );
  },
};

function gridCell(cell, recency, frequency, largest) {
  const customers = cell?.customer_count ?? 0;
  const made = figure("td", "customer_count", customers, show.count(customers), {
    class: `cell ${heatOf(customers, largest)}`,
    title: cell ? `${show.money(cell.gross_revenue)} gross revenue` : null,
  });
  made.dataset.key = `${recency}${frequency}`;
  return made;
}

export const segmentTable = (choose) => ({
  id: "segments",
  title: "Segments",
  filters: ["segment"],
  load,
  isEmpty: ({ data }) => data.segments.length === 0,
  empty: "No known customer has ordered yet.",
  note: ({ data }) => {
    const last = lastMonth(data);
    return last ? `Moves: at the month end of ${show.month(last)}. Choose a segment to list its customers.` : "Choose a segment to list its customers.";
  },
  draw({ data }, filters) {
    const last = lastMonth(data);
    const moves = new Map(data.history.filter((row) => row.month_end === last).map((row) => [row.segment, row]));
    const rows = data.segments.map((row) => {
      const moved = moves.get(row.segment);
      return { ...row, new_count: moved?.new_count ?? 0, up_count: moved?.up_count ?? 0, down_count: moved?.down_count ?? 0 };
    });
    return sortableTable({
      caption: "RFM segments",
      columns: [
        {
          key: "segment",
          label: "Segment",
          kind: "text",
          cell: ({ segment }) => element("button", { type: "button", class: "plain", onclick: () => choose({ segment }) }, segment),
        },
        { key: "customer_count", label: "Customers", kind: "count" },
        { key: "customer_share", label: "Share", kind: "rate" },
        { key: "gross_revenue", label: "Revenue", kind: "money" },
        { key: "revenue_share", label: "Share", kind: "rate" },
        { key: "average_order_value", label: "AOV", kind: "money" },
        { key: "orders_per_customer", label: "Orders per customer", kind: "number" },
        { key: "mean_recency_days", label: "Days since order", kind: "count" },
        { key: "up_count", label: "Moved up", kind: "count" },
        { key: "down_count", label: "Moved down", kind: "count" },
        { key: "new_count", label: "New", kind: "count" },
      ],
      rows,
      keyOf: (row) => row.segment,
      sort: { key: "gross_revenue", order: "desc" },
      current: (row) => row.segment === filters.segment,
    });
  },
});

const lastMonth = ({ history }) => history.at(-1)?.month_end ?? null;

const TICKS = 6;
/** One colour from cold to warm for segments as they come, the best first. */
const SHADES = ["series-1", "series-3", "series-5", "series-2", "series-4"];

export const segmentHistory = {
  id: "segment-history",
  title: "Segments over time",
  width: "two-thirds",
  filters: ["segment"],
  load,
  isEmpty: ({ data }, { segment }) => data.history.every((row) => segment && row.segment !== segment),
  empty: "No month has ended yet with customers to show.",
  note: (_, { segment }) => `Customers at month ends${segment ? `: ${segment}` : ", the five largest segments"}`,
  draw({ data }, { segment }, panel) {
    const months = [...new Set(data.history.map((row) => row.month_end))];
    const held = new Map(data.history.map((row) => [row.month_end + row.segment, row.customer_count]));
    const largest = [...data.segments].sort((one, other) => other.customer_count - one.customer_count).map((row) => row.segment);
    const shown = segment ? [segment] : largest.slice(0, SHADES.length);
    return chart({
      panel,
      label: `Line chart of the customers of ${shown.join(", ")} at ${months.length} month ends. The table has the figures.`,
      legend: shown.map((name, place) => [SHADES[place], name]),
      figure: () => ({
        data: shown.map((name, place) => ({
          type: "scatter",
          mode: "lines+markers",
          name: name.replaceAll("<", "&lt;"),
          x: months,
          y: months.map((month) => held.get(month + name) ?? 0),
          line: { color: colour(SHADES[place]), width: 2 },
          marker: { size: 6, symbol: ["circle", "square", "diamond", "triangle-up", "x"][place] },
          hovertemplate: "%{y}",
        })),
        layout: { xaxis: axis({ type: "date", showgrid: false, hoverformat: "%b %Y", ...ticksAt(months) }), yaxis: axis({ rangemode: "tozero" }) },
      }),
      table: table({
        caption: "Segments at month ends",
        columns: [
          { key: "month_end", label: "Month end", kind: "text", cell: (row) => show.day(row.month_end) },
          { key: "segment", label: "Segment", kind: "text" },
          { key: "customer_count", label: "Customers", kind: "count" },
          { key: "new_count", label: "New", kind: "count" },
          { key: "up_count", label: "Moved up", kind: "count" },
          { key: "down_count", label: "Moved down", kind: "count" },
          { key: "gross_revenue", label: "Revenue so far", kind: "money" },
        ],
        rows: data.history.filter((row) => !segment || row.segment === segment).reverse(),
        keyOf: (row) => row.month_end + " " + row.segment,
        low: true,
      }),
    });
  },
};

/** Ticks at month ends, the last among them, so many as there is room for. */
function ticksAt(months) {
  const step = Math.ceil(months.length / TICKS);
  const held = months.filter((_, place) => (months.length - 1 - place) % step === 0);
  return { tickmode: "array", tickvals: held, ticktext: held.map(show.month) };
}

const PAGE = 10;
const LONGEST_KEY = 9;
/** Hashes and ids of a CRM are long; the latter differ at their end only. */
const shortKey = (key) => (key.length > LONGEST_KEY ? `${key.slice(0, 3)}…${key.slice(-5)}` : key);

export const segmentCustomers = {
  id: "segment-customers",
  title: "Best customers",
  width: "third",
  filters: ["segment"],
  load: ({ segment }, signal) => ask("/customers/rfm", { segment, limit: PAGE }, signal),
  isEmpty: ({ data }) => data.length === 0,
  empty: ({ segment }) => `No customer is in ${segment ?? "any segment"}.`,
  note: (_, { segment }) => (segment ? `Of ${segment}, by gross revenue` : "By gross revenue"),
  draw: ({ data }) =>
    table({
      caption: "Customers by gross revenue",
      columns: [
        { key: "customer_key", label: "Customer", kind: "text", cell: ({ customer_key: key }) => element("span", { title: key }, shortKey(key)) },
        { key: "segment", label: "Segment", kind: "text" },
        { key: "rfm_score", label: "RFM", kind: "count", cell: (row) => row.rfm_score },
        { key: "monetary", label: "Revenue", kind: "money" },
      ],
      rows: data,
      keyOf: (row) => row.customer_key,
    }),
};
