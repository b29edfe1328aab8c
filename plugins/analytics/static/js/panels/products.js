// Products and categories: views, sales, refunds.

import { ask } from "../api.js";
import { element } from "../dom.js";
import * as show from "../format.js";
import { sortableTable, table } from "../table.js";

const PAGE = 15;
const months = ({ meta }) => {
  if (!meta.start_date) return "";
  const [first, last] = [show.month(meta.start_date), show.month(meta.end_date)];
  return first === last ? `Whole month ${first}` : `Whole months ${first} – ${last}`;
};

export const products = {
  id: "products",
  title: "Products",
  filters: ["start_date", "end_date", "category"],
  load: ({ start_date, end_date, category }, signal, panel) => {
    const { key, order } = (panel.sort ??= { key: "gross_revenue", order: "desc" });
    return ask("/products/performance", { start_date, end_date, category, sort: key, order, limit: PAGE }, signal);
  },
  isEmpty: ({ data }) => data.length === 0,
  empty: ({ category }) => (category ? `No product of ${category} was seen or sold in these months.` : "No product was seen or sold in these months."),
  note: (answer, { category }) => `${months(answer)}${category ? ` · ${category}` : ""}`,
  draw(answer, filters, panel) {
    const asked = document.activeElement?.dataset?.sort;
    queueMicrotask(() => asked && panel.body.querySelector(`[data-sort="${asked}"]`)?.focus());
    return [
      table({
        caption: "Products",
        columns: [
          { key: "product_name", label: "Product", kind: "text", sortable: false, cell: (row) => row.product_name ?? row.product_key },
          { key: "category", label: "Category", kind: "text", sortable: false },
          { key: "gross_revenue", label: "Gross revenue", kind: "money" },
          { key: "net_revenue", label: "Net revenue", kind: "money" },
          { key: "unit_count", label: "Units", kind: "count" },
          { key: "order_count", label: "Orders", kind: "count", sortable: false },
          { key: "view_count", label: "Views", kind: "count" },
          { key: "conversion_rate", label: "Conversion", kind: "rate" },
          { key: "refund_amount", label: "Refunds", kind: "money" },
        ],
        rows: answer.data,
        keyOf: (row) => row.product_key,
        sort: panel.sort,
        onSort: (sort) => {
          panel.sort = sort;
          panel.load();
        },
      }),
      answer.next_cursor ? element("button", { type: "button", class: "quiet more", onclick: (event) => more(event.target, answer, panel) }, "Show more products") : "",
    ];
  },
};

/** Add the next page below. */
async function more(button, answer, panel) {
  button.disabled = true;
  const { start_date, end_date, category } = panel.filters;
  const asked = { start_date, end_date, category, sort: panel.sort.key, order: panel.sort.order, limit: PAGE };
  try {
    const next = await ask("/products/performance", { ...asked, cursor: answer.next_cursor });
    if (panel.answer !== answer) return;
    answer.data.push(...next.data);
    answer.next_cursor = next.next_cursor;
    panel.draw();
  } catch (error) {
    button.disabled = false;
    button.after(element("p", { role: "alert", class: "panel-note" }, error.detail ?? "That did not work."));
  }
}

export const categories = (choose, offer) => ({
  id: "categories",
  title: "Categories",
  width: "half",
  filters: ["start_date", "end_date", "category"],
  async load({ start_date, end_date }, signal) {
    const answer = await ask("/categories", { start_date, end_date }, signal);
    offer([...new Set(answer.data.map((row) => row.category))].sort());
    return answer;
  },
  isEmpty: ({ data }, { category }) => data.every((row) => category && row.category !== category),
  empty: ({ category }) => (category ? `Nothing of ${category} was seen or sold in these months.` : "Nothing was seen or sold in these months."),
  note: months,
  draw: ({ data }, { category }) =>
    sortableTable({
      caption: "Categories",
      columns: [
        {
          key: "category",
          label: "Category",
          kind: "text",
          cell: (row) => element("button", { type: "button", class: "plain", onclick: () => choose({ category: row.category }) }, row.category),
        },
        { key: "subcategory", label: "Subcategory", kind: "text" },
        { key: "gross_revenue", label: "Revenue", kind: "money" },
        { key: "revenue_share", label: "Share", kind: "rate" },
        { key: "unit_count", label: "Units", kind: "count" },
        { key: "conversion_rate", label: "Conversion", kind: "rate" },
        { key: "refund_amount", label: "Refunds", kind: "money" },
      ],
      rows: data.filter((row) => !category || row.category === category),
      keyOf: (row) => `${row.category} / ${row.subcategory}`,
      sort: { key: "gross_revenue", order: "desc" },
    }),
});
