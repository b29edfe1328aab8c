// How well the data is: the batches, what the gates said of them, and the rows that were kept back.

import { ask, askAll } from "../api.js";
import { element } from "../dom.js";
import * as show from "../format.js";
import { table } from "../table.js";

const BATCHES = 30;
const GATES = 30;

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
        { key: "books", label: "Books", kind: "text", cell: booksOf },
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
  return element("span", { class: "badge" }, "Balanced");
}

export const gates = {
  id: "gates",
  title: "Gates",
  width: "half",
  load: (_, signal) => ask("/quality/gates", { limit: GATES }, signal),
  isEmpty: ({ data }) => data.length === 0,
  empty: "No batch has come to a gate yet.",
  note: ({ data }) => `The last ${data.length} checked; the log of the gate's task names what failed`,
  draw: ({ data }) =>
    table({
      caption: "Batches checked by the gates",
      columns: [
        { key: "table_name", label: "Table", kind: "text", cell: (row) => show.words(row.table_name) },
        { key: "verdict", label: "Verdict", kind: "text", cell: verdictOf },
        { key: "failed_count", label: "Failed", kind: "count", cell: (row) => `${show.count(row.failed_count)} of ${show.count(row.expectation_count)}` },
        { key: "checked_at", label: "Checked", kind: "moment" },
      ],
      rows: data,
      keyOf: (row) => row.batch_id,
      low: true,
    }),
};

function verdictOf(row) {
  if (row.failed_critical_count) return element("span", { class: "badge worse" }, "⚠ Stopped");
  if (!row.is_published) return element("span", { class: "badge worse" }, "⚠ Not published");
  return element("span", { class: "badge" }, row.failed_count ? "Passed with warnings" : "Passed");
}

export const quarantine = {
  id: "quarantine",
  title: "Quarantine",
  width: "half",
  load: (_, signal) => askAll("/quality/quarantine", { limit: 1000 }, signal),
  isEmpty: ({ data }) => data.length === 0,
  empty: "No row is kept back.",
  note: ({ data, next_cursor: more }) => {
    const rows = data.reduce((all, row) => all + row.row_count, 0);
    const held = `${show.count(rows)} rows kept back, ${show.money(show.sum(data.map((row) => row.money_at_risk)))} at risk`;
    return more ? `Only the newest ${show.count(data.length)} entries, more exist: ${held}` : held;
  },
  draw: ({ data }) =>
    table({
      caption: "Rows in quarantine by table and reason",
      columns: [
        { key: "table_name", label: "Table", kind: "text", cell: (row) => show.words(row.table_name) },
        { key: "reason", label: "Reason", kind: "text", cell: (row) => show.words(row.reason) },
        { key: "row_count", label: "Rows", kind: "count" },
        { key: "money_at_risk", label: "At risk", kind: "money" },
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
    last_quarantined_at: held.map((row) => row.last_quarantined_at).sort().at(-1),
  }));
}
