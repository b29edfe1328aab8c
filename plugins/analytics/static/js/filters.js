// The form of the filters.

import { daysBetween, shifted } from "./address.js";
import { element } from "./dom.js";

const DAYS = [["7", "Last 7 days"], ["30", "Last 30 days"], ["90", "Last 90 days"], ["365", "Last 365 days"]];
const CUSTOM = "custom";
const NO_FILTERS = { start_date: null, end_date: null, grain: null, split: "none", segment: null, category: null };

export class Filters {
  #form = document.getElementById("filters");
  #dataThrough = null;
  #isNamed = false;
  #choose;

  /** `choose` is told what changes: a part of the filters. */
  constructor(choose) {
    this.#choose = choose;
    const { period, start_date, end_date, grain, segment, category } = this.#form.elements;
    period.append(...DAYS.map(([value, text]) => element("option", { value }, text)), element("option", { value: CUSTOM }, "Other dates"));
    period.value = "30";
    period.addEventListener("change", () => {
      if (period.value === CUSTOM) start_date.focus();
      else if (this.#dataThrough) choose(this.#last(Number(period.value)));
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      choose({ start_date: start_date.value, end_date: end_date.value });
    });
    for (const input of [start_date, end_date]) input.addEventListener("input", () => this.#checkOrder());
    for (const list of [grain, segment, category]) list.addEventListener("change", () => choose({ [list.name]: list.value || null }));
    document.getElementById("reset").addEventListener("click", () => choose(NO_FILTERS));
  }

  /** Show the filters of the address. */
  show(filters) {
    const { start_date, end_date, grain, segment, category } = this.#form.elements;
    grain.value = filters.grain ?? "";
    for (const [list, value] of [[segment, filters.segment], [category, filters.category]]) {
      this.#hold(list, value);
      list.value = value ?? "";
    }
    this.#isNamed = Boolean(filters.start_date);
    if (this.#isNamed) this.#showSpan(filters.start_date, filters.end_date);
    else if (this.#dataThrough) this.#showSpan(...Object.values(this.#last(30, true)));
    else [start_date.value, end_date.value] = ["", ""];
  }

  /** Take over the last published day, and the span of an answer unless the address names one, which may reach further. */
  describeWith(meta) {
    this.#dataThrough = meta.data_through;
    const { start_date, end_date } = this.#form.elements;
    if (this.#isNamed) this.#showSpan(start_date.value, end_date.value);
    else if (meta.start_date) this.#showSpan(meta.start_date, meta.end_date);
  }

  /** Fill a list with what can be chosen; what is chosen stays. */
  offer(name, values) {
    const list = this.#form.elements[name];
    const chosen = list.value;
    list.replaceChildren(list.options[0], ...values.map((value) => element("option", { value }, value)));
    this.#hold(list, chosen);
    list.value = chosen;
  }

  /** The last days; the default names no dates, so that it moves on with the data. */
  #last(days, named = false) {
    if (days === 30 && !named) return { start_date: null, end_date: null };
    return { start_date: shifted(this.#dataThrough, 1 - days), end_date: this.#dataThrough };
  }

  #hold(list, value) {
    if (value && ![...list.options].some((option) => option.value === value)) list.append(element("option", { value }, value));
  }

  #showSpan(start, end) {
    const { period, start_date, end_date } = this.#form.elements;
    [start_date.value, end_date.value] = [start, end];
    const days = String(daysBetween(start, end));
    period.value = end === this.#dataThrough && DAYS.some(([value]) => value === days) ? days : CUSTOM;
    this.#checkOrder();
  }

  #checkOrder() {
    const { start_date, end_date } = this.#form.elements;
    const isReversed = start_date.value && end_date.value && start_date.value > end_date.value;
    end_date.setCustomValidity(isReversed ? "The last day must not be before the first." : "");
  }
}
