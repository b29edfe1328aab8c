// What is bought together: as a network of products, and as a table of rules.

import { ask } from "../api.js";
import { dropDown } from "../dom.js";
import * as show from "../format.js";
import { axis, chart, colour } from "../plots.js";
import { table } from "../table.js";
import { placesOf, sidesOf } from "./network.js";

const PAIRS = 30;
const SORTS = [["lift", "Lift"], ["support", "Support"], ["pair_count", "Orders"], ["leverage", "Leverage"]];
const LONGEST = 24;
const TEXT_SIZE = 11;
const MARGIN = 0.12;

export const affinity = {
  id: "affinity",
  title: "Bought together",
  width: "half",
  ignores: { category: "all categories" },
  controls: (panel) => [
    dropDown("Strongest by", SORTS, "lift", (sort) => {
      panel.sort = sort;
      panel.load();
    }),
  ],
  load: (_, signal, panel) => ask("/products/affinity", { sort: panel.sort ?? "lift", limit: PAIRS }, signal),
  isEmpty: ({ data }) => data.length === 0,
  empty: "No two products were bought together often enough.",
  note: ({ data }) => `The ${data.length} strongest pairs; a thicker line is a higher lift`,
  draw({ data }, _, panel) {
    const network = networkOf(data);
    return chart({
      panel,
      tall: true,
      label: `Network of ${network.nodes.length} products and ${data.length} pairs bought together. The table has the figures.`,
      figure: () => figureOf(network, panel.body.querySelector(".chart")),
      table: table({
        caption: "Products bought together",
        columns: [
          { key: "product_name_a", label: "Product", kind: "text", cell: (row) => row.product_name_a ?? row.product_key_a },
          { key: "product_name_b", label: "With", kind: "text", cell: (row) => row.product_name_b ?? row.product_key_b },
          { key: "pair_count", label: "Orders", kind: "count" },
          { key: "support", label: "Support", kind: "rate", cell: (row) => show.percent(row.support, 2) },
          { key: "confidence_a_to_b", label: "A → B", kind: "rate" },
          { key: "confidence_b_to_a", label: "B → A", kind: "rate" },
          { key: "lift", label: "Lift", kind: "number" },
        ],
        rows: data,
        keyOf: (row) => `${row.product_key_a} ${row.product_key_b}`,
      }),
    });
  },
};

function networkOf(pairs) {
  const names = new Map();
  for (const pair of pairs) {
    names.set(pair.product_key_a, pair.product_name_a ?? pair.product_key_a);
    names.set(pair.product_key_b, pair.product_name_b ?? pair.product_key_b);
  }
  const nodes = [...names.keys()];
  const number = new Map(nodes.map((key, place) => [key, place]));
  const edges = pairs.map((pair) => [number.get(pair.product_key_a), number.get(pair.product_key_b), pair.lift]);
  return { nodes, names, pairs, edges, places: placesOf(nodes, edges) };
}

// plotly.js reads some markup in texts; a name has none.
const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const short = (text) => (text.length > LONGEST ? text.slice(0, LONGEST - 1) + "…" : text);

/** Widths of texts in the picture (pixels). */
function widthsOf(texts) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${TEXT_SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  return texts.map((text) => pen.measureText(text).width);
}

/** An axis over coordinates with a margin on both sides, and how far along it each is, from 0 to 1. */
function along(held) {
  const [least, most] = [Math.min(...held), Math.max(...held)];
  const beside = MARGIN * Math.max(most - least, 0.1);
  const [from, to] = [least - beside, most + beside];
  return { axis: axis({ visible: false, range: [from, to], automargin: false }), shares: held.map((at) => (at - from) / (to - from)) };
}

function figureOf({ nodes, names, pairs, edges, places }, { clientWidth: width, clientHeight: height }) {
  const strongest = Math.max(...pairs.map((pair) => pair.lift));
  const lines = edges.map(([from, to, lift]) => ({
    type: "scatter",
    mode: "lines",
    x: [places[from].x, places[to].x],
    y: [places[from].y, places[to].y],
    line: { color: colour("control"), width: 1 + 3 * (lift / strongest) },
    opacity: 0.55,
    hoverinfo: "skip",
  }));
  const linked = nodes.map((_, number) => edges.flatMap(([from, to]) => (from === number ? [to] : to === number ? [from] : [])));
  const partners = nodes.map((_, number) => linked[number].length);
  const x = along(places.map((place) => place.x));
  const y = along(places.map((place) => place.y));
  const texts = nodes.map((key) => short(names.get(key)));
  const points = nodes.map((_, number) => ({ x: x.shares[number] * width, y: (1 - y.shares[number]) * height }));
  const sides = sidesOf(points, widthsOf(texts), linked, { width, height });
  const dots = {
    type: "scatter",
    mode: "markers+text",
    x: places.map((place) => place.x),
    y: places.map((place) => place.y),
    // Where there is no room for all names, the table has them.
    text: texts.map((text, number) => (sides[number] ? plain(text) : "")),
    textposition: sides.map((side) => side ?? "top center"),
    textfont: { size: TEXT_SIZE, color: colour("text") },
    customdata: nodes.map((key, number) => [plain(names.get(key)), partners[number]]),
    hovertemplate: "%{customdata[0]}<br>%{customdata[1]} of the pairs<extra></extra>",
    marker: { size: partners.map((many) => 9 + 3 * Math.sqrt(many)), color: colour("series-1"), line: { color: colour("surface"), width: 1.5 } },
    cliponaxis: false,
  };
  return {
    data: [...lines, dots],
    layout: { hovermode: "closest", xaxis: x.axis, yaxis: y.axis, margin: { l: 0, r: 0, t: 0, b: 0 } },
  };
}
