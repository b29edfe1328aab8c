// Charts drawn by plotly.js, in the colours of the page. Each has the same figures as a table beside it.

import { choice, element } from "./dom.js";
import { onTheme } from "./theme.js";

const CONFIG = { displayModeBar: false, responsive: true, showTips: false };
const drawn = new Set();
let loading = null;

/** plotly.js, loaded once, beside the figures. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", { src: document.querySelector('meta[name="plotly"]').content });
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = null;
      reject(new Error("plotly.js did not load"));
    };
    document.head.append(script);
  });
  return loading;
}

/** A colour of the style sheets as plotly.js understands it. */
export function colour(name) {
  const probe = element("i", { properties: { color: `var(--${name})` } });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/**
 * A chart and its table, of which one is shown.
 *
 * figure() gives {data, layout} and is called again for another theme; `label` says in words what the chart shows.
 */
export function chart({ panel, label, figure, table, legend = [], tall = false }) {
  const plot = element("div", { class: tall ? "chart tall" : "chart", role: "img", "aria-label": label, data: { chart: "drawing" } });
  const picture = element("div", {}, legend.length ? legendOf(legend) : null, plot);
  const words = element("div", { class: "as-table" }, table);
  const select = (shown) => {
    panel.shown = shown;
    picture.hidden = shown !== "chart";
    words.hidden = shown !== "table";
    if (shown === "chart") draw(plot, figure).catch(fail);
  };
  const fail = () => {
    picture.replaceChildren(element("p", { class: "muted" }, "The chart could not be drawn; the table has the same figures."));
    toggle.querySelector("[data-choice=table]").click();
  };
  const toggle = choice(`${panel.title}: show as`, [["chart", "Chart"], ["table", "Table"]], panel.shown ?? "chart", select);
  panel.controls.querySelector(".as")?.remove();
  panel.controls.append(element("div", { class: "as" }, toggle));
  queueMicrotask(() => select(panel.shown ?? "chart"));
  return [picture, words];
}

const legendOf = (entries) =>
  element("ul", { class: "legend", "aria-hidden": "true" }, entries.map(([name, text]) =>
    element("li", {}, element("i", { properties: { "--colour": `var(--${name})` } }), text)));

async function draw(plot, figure) {
  const library = await plotly();
  if (!plot.isConnected) return;
  plot.redraw = () => {
    const { data, layout } = figure();
    return library.react(plot, data, { ...base(), ...layout }, CONFIG);
  };
  await plot.redraw();
  if (plot.dataset.chart === "drawn") await library.Plots.resize(plot); // the window may have changed meanwhile
  plot.dataset.chart = "drawn";
  drawn.add(plot);
}

onTheme(() => {
  for (const plot of drawn) {
    if (!plot.isConnected) drawn.delete(plot);
    else if (plot.checkVisibility()) plot.redraw(); // a hidden one is drawn when it is shown
  }
});

/** Shared by all axes. */
export const axis = (more = {}) => ({
  gridcolor: colour("line"),
  zeroline: false,
  linecolor: colour("line"),
  ticks: "",
  fixedrange: true,
  automargin: true,
  ...more,
});

function base() {
  return {
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 8, r: 8, t: 8, b: 8, pad: 4 },
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("muted") },
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("surface"), bordercolor: colour("line"), font: { color: colour("text"), size: 12 } },
    showlegend: false,
    dragmode: false,
    bargap: 0.25,
  };
}
