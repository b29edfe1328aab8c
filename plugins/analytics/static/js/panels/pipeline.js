// How well the data is: what each table last received, the batches, and the rows that the gates kept back.

import { ask, askAll } from "../api.js";
import { element } from "../dom.js";
import * as show from "../format.js";
import { table } from "../table.js";

const BATCHES = 30;

export const batches = {
  id: "batches",
  title: "Published batches",
  load: (_, signal) => ask("/quality/batches", { limit: BATCHES }, signal),
  isEmpty: ({ data }) => data.length === 0,
  empty: "No batch has been published yet.",
  note: ({ data }) => `The newest ${data.length}; what a gate stops is not published at all`,
  draw: ({ data }) =>
    table({
      caption: "Published batches",
      columns: [
        { key: "table_name", label: "Table", kind: "text", cell: (row) => show.words(row.table_name) },
        { key: "published_at", label: "Published", kind: "moment" },
        { key: "window_end", label: "Loaded up to", kind: "moment" },
        { key: "extracted_rows", label: "Extracted", kind: "count" },
        { key: "inserted_rows", label: "New", kind: "count" },
        { key: "updated_rows", label: "Updated", kind: "count" },
        { key: "superseded_rows", label: "Superseded", kind: "count" },
        { key: "quarantined_rows", label: "Quarantined", kind: "count" },
        { key: "quarantined_money", label: "At risk", kind: "money" },
        { key: "books", label: "Gate and books", kind: "text", cell: booksOf },
      ],
      rows: data,
      keyOf: (row) => row.batch_id,
      low: true,
    }),
};

/** Whether extracted = inserted + updated + superseded + quarantined. */
export const isBalanced = (row) =>
  row.extracted_rows === row.inserted_rows + row.updated_rows + row.superseded_rows + row.quarantined_rows;

function booksOf(row) {
  if (!isBalanced(row)) return element("span", { class: "badge worse" }, "⚠ rows missing");
  return element("span", { class: "badge" }, row.quarantined_rows ? "Passed with quarantine" : "Passed");
}

export const quarantine = {
  id: "quarantine",
  title: "Quarantine",
  load: (_, signal) => askAll("/quality/quarantine", { limit: 1000 }, signal),
  isEmpty: ({ data }) => data.length === 0,
  empty: "No row is kept back.",
  note: ({ data }) => {
    const rows = data.reduce((all, row) => all + row.row_count, 0);
    return `${show.count(rows)} rows kept back, ${show.money(show.sum(data.map((row) => row.money_at_risk)))} at risk`;
  },
  draw: ({ data }) =>
    table({
      caption: "Rows in quarantine by table and reason",
      columns: [
        { key: "table_name", label: "Table", kind: "text", cell: (row) => show.words(row.table_name) },
        { key: "reason", label: "Reason", kind: "text", cell: (row) => show.words(row.reason) },
        { key: "row_count", label: "Rows", kind: "count" },
        { key: "money_at_risk", label: "At risk", kind: "money" },
        { key: "batch_count", label: "Batches", kind: "count" },
        { key: "last_quarantined_at", label: "Last", kind: "moment" },
      ],
      rows: reasonsOf(data),
      keyOf: (row) => `${row.table_name} ${row.reason}`,
      low: true,
    }),
};

/** One row for each table and reason, over its batches. */
export function reasonsOf(rows) {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.table_name, row.reason]));
  return [...groups.values()].map((held) => ({
    table_name: held[0].table_name,
    reason: held[0].reason,
    row_count: held.reduce((all, row) => all + row.row_count, 0),
    money_at_risk: show.sum(held.map((row) => row.money_at_risk)),
    batch_count: held.length,
    last_quarantined_at: held.map((row) => row.last_quarantined_at).sort().at(-1),
  }));
}
