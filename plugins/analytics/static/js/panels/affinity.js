// What is bought together: as a network of products, and as a table of rules.

import { ask } from "../api.js";
import { dropDown } from "../dom.js";
import * as show from "../format.js";
import { axis, chart, colour } from "../plots.js";
import { table } from "../table.js";
import { placesOf } from "./network.js";

const PAIRS = 30;
const SORTS = [["lift", "Lift"], ["support", "Support"], ["pair_count", "Orders"], ["leverage", "Leverage"]];
const LONGEST = 24;
const NARROW = matchMedia("(max-width: 640px)");

export const affinity = {
  id: "affinity",
  title: "Bought together",
  width: "half",
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
      figure: () => figureOf(network),
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

/** Where a name stands best: away from the lines. */
function sideOf(place, others) {
  const across = others.reduce((all, other) => all + place.x - other.x, 0);
  const along = others.reduce((all, other) => all + place.y - other.y, 0);
  return Math.abs(across) > 1.5 * Math.abs(along) ? (across > 0 ? "middle right" : "middle left") : along > 0 ? "top center" : "bottom center";
}

function figureOf({ nodes, names, pairs, edges, places }) {
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
  const points = {
    type: "scatter",
    mode: "markers+text",
    x: places.map((place) => place.x),
    y: places.map((place) => place.y),
    // There is no room for all names on a phone; the table has them.
    text: nodes.map((key, number) => (NARROW.matches && partners[number] < 2 ? "" : plain(short(names.get(key))))),
    textposition: nodes.map((_, number) => sideOf(places[number], linked[number].map((other) => places[other]))),
    textfont: { size: 11, color: colour("text") },
    customdata: nodes.map((key, number) => [plain(names.get(key)), partners[number]]),
    hovertemplate: "%{customdata[0]}<br>%{customdata[1]} of the pairs<extra></extra>",
    marker: { size: partners.map((many) => 9 + 3 * Math.sqrt(many)), color: colour("series-1"), line: { color: colour("surface"), width: 1.5 } },
    cliponaxis: false,
  };
  const hidden = (held, space) => {
    const [least, most] = [Math.min(...held), Math.max(...held)];
    const beside = space * Math.max(most - least, 0.1);
    return axis({ visible: false, range: [least - beside, most + beside], automargin: false });
  };
  return {
    data: [...lines, points],
    layout: {
      hovermode: "closest",
      xaxis: hidden(places.map((place) => place.x), 0.28),
      yaxis: hidden(places.map((place) => place.y), 0.1),
      margin: { l: 0, r: 0, t: 4, b: 0 },
    },
  };
}
