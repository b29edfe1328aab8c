// The dashboard: signs in, shows the panels, keeps the filters in the address.

import { addressOf, filtersOf } from "./address.js";
import { ask } from "./api.js";
import { element } from "./dom.js";
import { Filters } from "./filters.js";
import * as show from "./format.js";
import { Panel } from "./panel.js";
import { affinity } from "./panels/affinity.js";
import { cohorts } from "./panels/cohorts.js";
import { carts, funnel } from "./panels/conversion.js";
import { experiments } from "./panels/experiments.js";
import { batches, gates, quarantine } from "./panels/pipeline.js";
import { categories, products } from "./panels/products.js";
import { customerMix, revenue } from "./panels/revenue.js";
import { rfmGrid, segmentCustomers, segmentHistory, segmentTable } from "./panels/segments.js";
import { summary } from "./panels/summary.js";
import { plotly } from "./plots.js";
import { forget, key, remember, signIn } from "./session.js";
import { switchWith } from "./theme.js";

const byId = (id) => document.getElementById(id);
const told = { answered, failed, changed };
const offerSegments = (panel) => ({
  ...panel,
  async load(...asked) {
    const answer = await panel.load(...asked);
    form.offer("segment", answer.data.segments.map((row) => row.segment).sort());
    return answer;
  },
});
const SECTIONS = {
  overview: [summary, revenue, customerMix],
  conversion: [funnel(choose), carts(choose)],
  customers: [rfmGrid, segmentHistory, offerSegments(segmentTable(choose)), cohorts, segmentCustomers],
  products: [products, categories(choose, (names) => form.offer("category", names)), affinity],
  experiments: [experiments],
  pipeline: [batches, gates, quarantine],
};

const form = new Filters(choose);
let panels = [];
let meta = null;

/** Show the panels, each on its own. */
function begin() {
  byId("sign-in").hidden = true;
  for (const id of ["figures", "filters", "sections"]) byId(id).hidden = false;
  byId("copy-link").hidden = !navigator.clipboard;
  byId("sign-out").hidden = !key();
  if (!panels.length) {
    panels = Object.entries(SECTIONS).flatMap(([id, definitions]) => {
      const made = definitions.map((definition) => new Panel(definition, told));
      byId(id).append(element("div", { class: "grid" }, made.map((panel) => panel.node)));
      return made;
    });
    watchSections();
    plotly().catch(() => {}); // each chart says so
  }
  showAddress();
}

function showAddress() {
  const filters = filtersOf(location.search);
  form.show(filters);
  panels.forEach((panel) => panel.show(filters));
}

/** Other filters: a new entry of the history. */
function choose(changes) {
  const address = addressOf({ ...filtersOf(location.search), ...changes });
  if (address !== location.href) history.pushState(null, "", address);
  showAddress();
}

/**
 * Every answer says where it comes from; the page says so once. A newer build than the page's makes all of it anew; an older
 * one is of a server that has not seen the newer yet: the panel asks again.
 */
function answered(found, panel) {
  if (meta && found.build_id < meta.build_id) panel.loadLater();
  if (meta && found.build_id > meta.build_id) queueMicrotask(() => panels.forEach((each) => each !== panel && each.load()));
  if (!meta || found.build_id >= meta.build_id) meta = found;
  show.describeWith(meta);
  if (panel.node.dataset.panel === "summary") form.describeWith(found);
  byId("about").replaceChildren(
    "Data through ",
    element("strong", { data: { metric: "data_through", value: meta.data_through } }, show.day(meta.data_through)),
    " · build ",
    element("strong", { data: { metric: "build_id", value: meta.build_id } }, String(meta.build_id)),
    ` of ${show.moment(meta.built_at)} · days of ${meta.time_zone.replaceAll("_", " ")}${meta.currency ? ` · ${meta.currency}` : ""}`,
  );
}

function failed(error) {
  if (error.status !== 401) return;
  forget();
  askForKey(error.detail);
}

/** Say when all is there, once, for those who cannot see it. */
function changed() {
  const isBusy = panels.some((panel) => ["loading", "refreshing"].includes(panel.state));
  const failing = panels.filter((panel) => panel.state === "error");
  const text = isBusy ? "Loading figures" : failing.length ? `Not shown: ${failing.map((panel) => panel.title).join(", ")}` : "All figures are shown";
  if (byId("announcements").textContent !== text) byId("announcements").textContent = text;
  document.body.dataset.state = isBusy ? "loading" : "settled";
}

function askForKey(fault = "") {
  for (const id of ["figures", "filters", "sections", "sign-out", "copy-link"]) byId(id).hidden = true;
  byId("about").replaceChildren();
  byId("sign-in").hidden = false;
  byId("sign-in-text").textContent =
    signIn === "airflow"
      ? "Sign in to Airflow and load this page again, or enter an API key."
      : "Enter an API key with the scope analytics:read. It is kept in this tab only.";
  byId("sign-in-error").textContent = fault;
  byId("key").focus();
}

byId("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const presented = byId("key").value.trim();
  try {
    await ask("/analytics/summary", {}, undefined, presented);
    remember(presented);
    byId("sign-in-form").reset();
    begin();
    byId("content").focus();
  } catch (error) {
    byId("sign-in-error").textContent = error.detail;
    byId("key").select();
  }
});

byId("sign-out").addEventListener("click", () => {
  forget();
  location.reload();
});

byId("copy-link").addEventListener("click", async () => {
  await navigator.clipboard.writeText(location.href).then(() => (byId("announcements").textContent = "Link copied"), () => {});
});

/** Mark the section in view in the navigation. */
function watchSections() {
  const links = new Map([...byId("sections").querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const watcher = new IntersectionObserver(
    (entries) => {
      const [seen] = entries.filter((entry) => entry.isIntersecting);
      if (seen) links.forEach((link, id) => link.setAttribute("aria-current", String(id === seen.target.id)));
    },
    { rootMargin: "-15% 0px -70%" },
  );
  links.forEach((_, id) => watcher.observe(byId(id)));
}

switchWith(byId("theme"));
window.addEventListener("popstate", showAddress);
if (signIn === "key" && !key()) askForKey();
else begin();
