// Tables: cells carry the raw values beside the shown ones, columns can be sorted.

import { element, figure } from "./dom.js";
import * as show from "./format.js";

const KINDS = {
  text: String,
  money: show.money,
  count: show.count,
  rate: show.percent,
  number: show.decimal,
  day: show.day,
  moment: show.moment,
};
const WORDS = ["text"];

/**
 * A table in a box that scrolls.
 *
 * columns: {key, label, kind, cell(row) (what to show instead), sortable}; the first is the header of its row.
 * sort: {key, order}; with `onSort` a header is a button that asks for another order.
 */
export function table({ caption, columns, rows, keyOf, sort = null, onSort = null, current = null, low = false }) {
  const head = columns.map((column) => headerOf(column, sort, onSort));
  const body = rows.map((row) =>
    element(
      "tr",
      { data: { key: keyOf(row) }, "aria-current": current?.(row) ? "true" : null },
      columns.map((column, place) => cellOf(column, row, place)),
    ),
  );
  return element(
    "div",
    { class: low ? "scroll low" : "scroll", role: "region", "aria-label": caption, tabindex: 0 },
    element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)),
  );
}

/** A table whose columns the page itself sorts. */
export function sortableTable(options) {
  let sort = options.sort;
  const holder = element("div");
  const draw = () => {
    const rows = [...options.rows];
    if (sort) {
      const direction = sort.order === "asc" ? 1 : -1;
      rows.sort((one, other) => {
        const [left, right] = [one[sort.key], other[sort.key]];
        const isVoid = left === null || right === null;
        return isVoid ? show.compare(left, right) : direction * show.compare(left, right);
      });
    }
    const focused = holder.contains(document.activeElement) ? document.activeElement.dataset.sort : null;
    holder.replaceChildren(
      table({ ...options, rows, sort, onSort: (next) => ((sort = next), draw()) }),
    );
    if (focused) holder.querySelector(`[data-sort="${focused}"]`)?.focus();
  };
  draw();
  return holder;
}

function headerOf(column, sort, onSort) {
  const classes = WORDS.includes(column.kind) ? null : "number";
  if (!onSort || column.sortable === false) return element("th", { scope: "col", class: classes }, column.label);
  const isSorted = sort?.key === column.key;
  const order = isSorted ? (sort.order === "desc" ? "asc" : "desc") : WORDS.includes(column.kind) ? "asc" : "desc";
  return element(
    "th",
    { scope: "col", class: classes, "aria-sort": isSorted ? `${sort.order}ending` : null },
    element("button", { type: "button", data: { sort: column.key }, onclick: () => onSort({ key: column.key, order }) }, column.label),
  );
}

function cellOf(column, row, place) {
  const raw = row[column.key] ?? null;
  const shown = column.cell ? column.cell(row) : raw === null ? show.NONE : KINDS[column.kind](raw);
  const attributes = { class: WORDS.includes(column.kind) ? "name" : "number", scope: place === 0 ? "row" : null };
  return figure(place === 0 ? "th" : "td", column.key, raw, shown, attributes);
}
