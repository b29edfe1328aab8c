// From visit to purchase, and what became of carts.

import { ask } from "../api.js";
import { dropDown, element, figure } from "../dom.js";
import * as show from "../format.js";
import { table } from "../table.js";
import { heatOf } from "./heat.js";

const SPLITS = [["none", "All sessions"], ["device", "Device"], ["channel", "Channel"]];

/** Ask for the split that the filters name, and show it as chosen. */
const asking = (path) => ({ start_date, end_date, split }, signal, panel) => {
  panel.splitList.value = split;
  return ask(path, { start_date, end_date, split_by: split }, signal);
};

const splitChoice = (onChoose) => (panel) => {
  const label = dropDown("Split by", SPLITS, "none", onChoose);
  panel.splitList = label.lastChild;
  return [label];
};

const entered = (funnel) => funnel.stages[0].session_count;

export const funnel = (choose) => ({
  id: "funnel",
  title: "Purchase funnel",
  width: "half",
  filters: ["start_date", "end_date", "split"],
  controls: splitChoice((split) => choose({ split })),
  load: asking("/conversion/funnel"),
  isEmpty: ({ data }) => data.every((each) => entered(each) === 0),
  empty: "No sessions in this span.",
  note: (_, { split }) => `Sessions that began in the span${split === "none" ? "" : "; below, what dropped off since the stage before"}`,
  draw({ data }, { split }) {
    if (split === "none") return element("ol", { class: "funnel", data: { key: data[0].split_value } }, data[0].stages.map(stageOf));
    return stagesTable([...data].sort((one, other) => entered(other) - entered(one)));
  },
});

/** A row for each group: sessions at each stage, and below what dropped off before it. */
function stagesTable(funnels) {
  const cell = (stage) => {
    const drop = stage.stage_number === 1 ? "100%" : `−${show.percent(stage.drop_off_rate)}`;
    const made = figure("td", "session_count", stage.session_count, show.count(stage.session_count), { class: `cell ${heatOf(stage.rate_of_entered, 1)}` });
    made.dataset.key = stage.stage;
    made.append(figure("small", "drop_off_rate", stage.drop_off_rate, drop));
    return made;
  };
  return element(
    "div",
    { class: "scroll", role: "region", "aria-label": "Sessions at each stage by group", tabindex: 0 },
    element(
      "table",
      { class: "heat wide stages" },
      element("caption", {}, "Sessions at each stage by group, with the share that dropped off before it"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Group"), funnels[0].stages.map(({ stage }) => element("th", { scope: "col" }, show.words(stage))))),
      element("tbody", {}, funnels.map(({ split_value, stages }) =>
        element("tr", { data: { key: split_value } }, element("th", { scope: "row" }, split_value), stages.map(cell)))),
    ),
  );
}

function stageOf(stage) {
  const share = `${100 * (stage.rate_of_entered ?? 0)}%`;
  const drop =
    stage.stage_number === 1
      ? null
      : element(
          "span",
          { class: "drop" },
          figure("span", "dropped_session_count", stage.dropped_session_count, `−${show.count(stage.dropped_session_count)}`),
          " dropped off (",
          figure("span", "drop_off_rate", stage.drop_off_rate, show.percent(stage.drop_off_rate)),
          ")",
        );
  return element(
    "li",
    { data: { key: stage.stage } },
    drop,
    element(
      "span",
      { class: "line" },
      element("b", {}, show.words(stage.stage)),
      element(
        "span",
        {},
        figure("span", "session_count", stage.session_count, show.count(stage.session_count)),
        " · ",
        figure("span", "rate_of_entered", stage.rate_of_entered, show.percent(stage.rate_of_entered)),
      ),
    ),
    element("span", { class: "track", "aria-hidden": "true" }, element("i", { properties: { "--share": share } })),
  );
}

/** count, value, label, colour: what a cart can have come to. */
const OUTCOMES = [
  ["bought_cart_count", "Bought", "series-3"],
  ["recovered_cart_count", "Recovered", "series-1"],
  ["recovery_pending_cart_count", "May be recovered yet", "series-5"],
  ["lost_cart_count", "Lost", "series-2"],
  ["open_cart_count", "Open", "series-4"],
];

export const carts = (choose) => ({
  id: "carts",
  title: "Carts",
  width: "half",
  filters: ["start_date", "end_date", "split"],
  controls: splitChoice((split) => choose({ split })),
  load: asking("/carts/abandonment"),
  isEmpty: ({ data }) => data.every((each) => each.cart_count === 0),
  empty: "No carts were opened in this span.",
  note: () => "Carts opened in the span; abandoned after an hour, recovered if bought within 7 days",
  draw: ({ data }, { split }) => (split === "none" ? totalsOf(data[0]) : splitTable(data)),
});

function totalsOf(row) {
  const stat = (key, label, format, more = null) =>
    element("div", {}, element("dt", {}, label), element("dd", {}, figure("span", key, row[key], format(row[key])), more));
  const worth = (key) => element("small", {}, figure("span", key, row[key], show.money(row[key])));
  const outcomes = OUTCOMES.filter(([key]) => row[key] > 0);
  return [
    element(
      "dl",
      { class: "stats", data: { key: row.split_value } },
      stat("cart_count", "Carts", show.count, worth("cart_value")),
      stat("abandoned_cart_count", "Abandoned", show.count, worth("abandoned_value")),
      stat("abandonment_rate", "Abandonment rate", show.percent, element("small", {}, "of carts no longer open")),
      stat("recovered_cart_count", "Recovered", show.count, worth("recovered_value")),
      stat("recovery_rate", "Recovery rate", show.percent, element("small", {}, row.recovery_rate === null ? "not known yet" : "of abandoned carts")),
      stat("lost_cart_count", "Lost", show.count, worth("lost_value")),
    ),
    element("h4", { class: "unseen" }, "What became of the carts"),
    element("div", { class: "parts", "aria-hidden": "true" }, outcomes.map(([key, , series]) =>
      element("i", { properties: { "--share": String(row[key]), "--colour": `var(--${series})` } }))),
    element("ul", { class: "legend" }, outcomes.map(([key, label, series]) =>
      element("li", {}, element("i", { "aria-hidden": "true", properties: { "--colour": `var(--${series})` } }), `${label} ${show.count(row[key])}`))),
  ];
}

const splitTable = (rows) =>
  table({
    caption: "Carts by group",
    columns: [
      { key: "split_value", label: "Group", kind: "text" },
      { key: "cart_count", label: "Carts", kind: "count" },
      { key: "abandoned_cart_count", label: "Abandoned", kind: "count" },
      { key: "abandonment_rate", label: "Rate", kind: "rate" },
      { key: "recovered_cart_count", label: "Recovered", kind: "count" },
      { key: "recovery_rate", label: "Rate", kind: "rate" },
      { key: "lost_value", label: "Lost value", kind: "money" },
    ],
    rows: [...rows].sort((one, other) => other.cart_count - one.cart_count),
    keyOf: (row) => row.split_value,
  });
