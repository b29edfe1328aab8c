// Experiments with their verdicts; one whose visitors were not split as planned has none, and says so.

import { ask } from "../api.js";
import { element } from "../dom.js";
import * as show from "../format.js";
import { table } from "../table.js";

const CLASSES = { "better than control": "better", "worse than control": "worse" };
const SIGNS = { "better than control": "▲ ", "worse than control": "▼ " };

export const experiments = {
  id: "experiments",
  title: "Experiments",
  load: (_, signal) => ask("/experiments", {}, signal),
  isEmpty: ({ data }) => data.length === 0,
  empty: "No experiment has run yet.",
  note: () => "Conversion by visitor, first exposure; 95 % intervals; differences in percentage points",
  draw: ({ data }) => data.map(experimentOf),
};

function experimentOf({ experiment_id, variants }) {
  const isMismatched = variants.some((variant) => variant.has_sample_ratio_mismatch);
  const [first] = variants;
  return element(
    "article",
    { class: "experiment", data: { key: experiment_id, mismatch: String(isMismatched) } },
    element(
      "header",
      {},
      element("h4", {}, experiment_id),
      variants.filter((variant) => !variant.is_control).map((variant) => verdictOf(variant, variants.length > 2)),
      isMismatched ? element("span", { class: "badge worse" }, "⚠ Sample ratio mismatch") : null,
    ),
    isMismatched
      ? element("p", {}, `The visitors are not split as planned (p ${show.probability(first.split_p_value)}): find out why before believing any difference.`)
      : null,
    table({
      caption: `Variants of ${experiment_id}`,
      columns: [
        { key: "experiment_variant", label: "Variant", kind: "text" },
        { key: "verdict", label: "Verdict", kind: "text" },
        { key: "assigned_count", label: "Assigned", kind: "count" },
        { key: "unit_count", label: "Evaluated", kind: "count" },
        { key: "conversion_count", label: "Conversions", kind: "count" },
        { key: "conversion_rate", label: "Rate", kind: "rate", cell: (row) => show.percent(row.conversion_rate, 2) },
        { key: "conversion_difference", label: "Difference", kind: "number", cell: differenceOf },
        { key: "conversion_p_value", label: "p", kind: "number", cell: (row) => show.probability(row.conversion_p_value) },
        { key: "revenue_per_unit", label: "Revenue each", kind: "money" },
        { key: "revenue_p_value", label: "p", kind: "number", cell: (row) => show.probability(row.revenue_p_value) },
      ],
      rows: variants,
      keyOf: (row) => row.experiment_variant,
    }),
  );
}

function verdictOf(variant, isNamed) {
  const text = `${SIGNS[variant.verdict] ?? ""}${isNamed ? `${variant.experiment_variant}: ` : ""}${show.words(variant.verdict)}`;
  return element("span", { class: `badge ${CLASSES[variant.verdict] ?? ""}`, data: { verdict: variant.verdict } }, text);
}

const differenceOf = (row) =>
  row.conversion_difference === null
    ? show.NONE
    : `${show.points(row.conversion_difference)} (${show.points(row.conversion_difference_low)} to ${show.points(row.conversion_difference_high)})`;
