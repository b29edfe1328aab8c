// A panel: loads what it shows, and says so while it loads, when there is nothing, and when that failed.

import { element } from "./dom.js";

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/**
 * definition: {id, title, width, bare, filters (names of those that it obeys), load(filters, signal, panel) → answer,
 *   ignores (what is shown in spite of a chosen filter, by its name, where panels beside it obey the filter),
 *   isEmpty(answer), empty (what to say then), note(answer, filters), controls(panel), draw(answer, filters, panel) → nodes}
 */
export class Panel {
  #definition;
  #told;
  #aborting = null;
  #asked = null;
  #later = null;
  #pause = 0;

  constructor(definition, told) {
    this.#definition = definition;
    this.#told = told;
    this.filters = null;
    this.answer = null;
    const title = `${definition.id}-heading`;
    this.note = element("p", { class: "panel-note" });
    this.controls = element("div", { class: "panel-controls" });
    this.body = element("div", { class: "panel-body" });
    this.node = element(
      "section",
      {
        class: definition.bare ? "panel bare" : "panel",
        id: `panel-${definition.id}`,
        "aria-labelledby": title,
        data: { panel: definition.id, width: definition.width ?? "full", state: "loading" },
      },
      element("header", {}, element("div", {}, element("h3", { id: title, class: definition.bare ? "unseen" : null }, definition.title), this.note), this.controls),
      this.body,
    );
    this.controls.append(...(definition.controls?.(this) ?? []));
  }

  get title() {
    return this.#definition.title;
  }

  get state() {
    return this.node.dataset.state;
  }

  /** Show what the filters ask for; nothing happens where they change nothing for this panel. */
  async show(filters) {
    const asked = JSON.stringify((this.#definition.filters ?? []).map((name) => filters[name]));
    this.filters = filters;
    if (asked === this.#asked && this.state !== "error") {
      if (this.answer) this.#describe();
      return;
    }
    this.#asked = asked;
    await this.load();
  }

  /** Ask again in a while, each time that this is called on end in a longer one (ms). */
  loadLater() {
    this.#pause = Math.min(2 * this.#pause || FIRST_PAUSE, LONGEST_PAUSE);
    this.#later = setTimeout(() => this.load(), this.#pause);
  }

  /** Ask the API again. */
  async load() {
    clearTimeout(this.#later);
    this.#later = null;
    this.#aborting?.abort();
    const aborting = (this.#aborting = new AbortController());
    this.#become(this.answer ? "refreshing" : "loading");
    if (!this.answer) this.body.replaceChildren(skeleton());
    try {
      const answer = await this.#definition.load(this.filters, aborting.signal, this);
      if (aborting.signal.aborted) return;
      this.#told.answered(answer.meta, this);
      if (!this.#later) this.#pause = 0;
      this.answer = answer;
      this.draw();
    } catch (error) {
      if (aborting.signal.aborted) return;
      this.#fail(error);
    }
  }

  /** Draw the answer again, e.g. after a choice that needs no new one. */
  draw() {
    const { isEmpty, empty, draw } = this.#definition;
    this.#describe();
    if (isEmpty?.(this.answer, this.filters)) {
      const text = typeof empty === "function" ? empty(this.filters) : empty;
      this.body.replaceChildren(element("div", { class: "state" }, element("strong", {}, "Nothing to show"), text));
      this.#become("empty");
    } else {
      this.body.replaceChildren(...[draw(this.answer, this.filters, this)].flat());
      this.#become("ready");
    }
  }

  /** Say what the figures are of, and of what all in spite of a filter. */
  #describe() {
    const { note, ignores = {} } = this.#definition;
    const all = Object.keys(ignores).filter((name) => this.filters[name]).map((name) => ignores[name]);
    this.note.replaceChildren([note?.(this.answer, this.filters), ...all].filter(Boolean).join(" · "));
  }

  #fail(error) {
    this.answer = null;
    this.note.replaceChildren();
    const retry = element("button", { type: "button", onclick: () => this.load() }, "Try again");
    retry.setAttribute("aria-label", `Try again: ${this.title}`);
    const detail = error.detail ?? "The page could not show this.";
    this.body.replaceChildren(
      element(
        "div",
        { class: "state", role: "alert" },
        element("strong", {}, error.status ? `${error.title} (${error.status})` : (error.title ?? "Error")),
        element("span", {}, detail),
        error.requestId ? element("small", {}, `Request ${error.requestId}`) : null,
        retry,
      ),
    );
    this.#become("error");
    if (error.status === undefined) console.error(error);
    this.#told.failed(error, this);
  }

  #become(state) {
    this.node.dataset.state = state;
    this.body.setAttribute("aria-busy", String(state === "loading" || state === "refreshing"));
    this.#told.changed(this);
  }
}

const skeleton = () => element("div", { class: "skeleton", "aria-hidden": "true" }, Array.from({ length: 6 }, () => element("i")));
