// Cohorts: what share of those who first ordered in a month came back, month by month. A month that is not over stays empty.

import { shifted } from "../address.js";
import { ask } from "../api.js";
import { choice, element, figure } from "../dom.js";
import * as show from "../format.js";
import { heatOf } from "./heat.js";

const LEAST_DAYS = 365;
const MEASURES = [["retention_rate", "Share"], ["customers", "Customers"], ["gross_revenue", "Revenue"]];
const FORMATS = { retention_rate: (rate) => show.percent(rate, 0), customers: show.count, gross_revenue: show.money };

export const cohorts = {
  id: "cohorts",
  title: "Cohort retention",
  width: "two-thirds",
  filters: ["start_date", "end_date"],
  ignores: { segment: "all segments" },
  controls: (panel) => [
    choice("Figures of the cohorts", MEASURES, "retention_rate", (measure) => {
      panel.measure = measure;
      if (panel.state === "ready") panel.draw();
    }),
  ],
  // A cohort needs months to be watched: a shorter span shows those of the year that ends with it.
  load({ start_date, end_date }, signal) {
    const year = end_date && shifted(end_date, 1 - LEAST_DAYS);
    return ask("/cohorts/retention", { start_date: start_date && (start_date < year ? start_date : year), end_date }, signal);
  },
  isEmpty: ({ data }) => data.length === 0,
  empty: "No customer ordered for the first time in these months.",
  note: ({ meta }) => `Customers by month of the first order, ${show.month(meta.start_date)} – ${show.month(meta.end_date)}; a month that is not over is empty`,
  draw({ data }, _, panel) {
    const measure = panel.measure ?? "retention_rate";
    const longest = Math.max(...data.map((cohort) => cohort.months.length));
    const numbers = Array.from({ length: longest }, (_unused, number) => number);
    const later = data.flatMap((cohort) => cohort.months.slice(1)).map((month) => Number(month[measure] ?? 0));
    const largest = Math.max(...later, 0);
    return element(
      "div",
      { class: "scroll", role: "region", "aria-label": "Cohort retention", tabindex: 0 },
      element(
        "table",
        { class: "heat wide" },
        element("caption", {}, "Cohorts by month (rows) and months since the first order (columns)"),
        element("thead", {}, element("tr", {},
          element("th", { scope: "col" }, "Cohort"),
          element("th", { scope: "col" }, "Size"),
          numbers.map((number) => element("th", { scope: "col" }, `M ${number}`)))),
        element("tbody", {}, data.map((cohort) =>
          element("tr", { data: { key: cohort.cohort_month } },
            element("th", { scope: "row" }, show.month(cohort.cohort_month)),
            figure("td", "cohort_size", cohort.cohort_size, show.count(cohort.cohort_size), { class: "size" }),
            numbers.map((number) => cellOf(cohort.months[number], measure, largest))))),
      ),
    );
  },
};

function cellOf(month, measure, largest) {
  if (!month) return element("td", { class: "cell" });
  const raw = month[measure];
  const isOpen = raw === null;
  const heat = isOpen ? "" : month.month_number === 0 ? "heat-6" : heatOf(Number(raw), largest);
  const made = figure("td", measure, raw, isOpen ? element("span", { class: "unseen" }, "not over yet") : FORMATS[measure](raw), {
    class: `cell ${heat}`,
    title: isOpen ? "This month is not over yet" : `${show.count(month.customers)} customers, ${show.money(month.gross_revenue)}`,
  });
  made.dataset.key = String(month.month_number);
  return made;
}
