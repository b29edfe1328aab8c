// The filters, kept in the address of the page, so that a view can be shared and Back and Forward work.

export const GRAINS = ["day", "week", "month"];
export const SPLITS = ["none", "device", "channel"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MILLISECONDS = 86_400_000;

/** The filters that an address names; what it names wrongly is left out. */
export function filtersOf(search) {
  const held = new URLSearchParams(search);
  const start = dayOf(held.get("start_date"));
  const end = dayOf(held.get("end_date"));
  const inOrder = start && end && start <= end;
  return {
    start_date: inOrder ? start : null,
    end_date: inOrder ? end : null,
    grain: oneOf(GRAINS, held.get("grain")),
    split: oneOf(SPLITS, held.get("split")) ?? "none",
    segment: held.get("segment") || null,
    category: held.get("category") || null,
  };
}

/** The address that names the filters. */
export function addressOf(filters) {
  const address = new URL(location.href);
  address.search = "";
  for (const [name, value] of Object.entries(filters)) {
    if (value && !(name === "split" && value === "none")) address.searchParams.set(name, value);
  }
  return address.href;
}

const oneOf = (choices, value) => (choices.includes(value) ? value : null);

function dayOf(text) {
  if (!text || !DAY.test(text)) return null;
  const held = new Date(text + "T00:00:00Z");
  return Number.isNaN(held.getTime()) || held.toISOString().slice(0, 10) !== text ? null : text;
}

/** A day so many days later (or earlier). */
export const shifted = (day, days) => new Date(Date.parse(day + "T00:00:00Z") + days * MILLISECONDS).toISOString().slice(0, 10);

/** How many days a span has, both ends included. */
export const daysBetween = (start, end) => Math.round((Date.parse(end) - Date.parse(start)) / MILLISECONDS) + 1;

/** The grain of a trend: as chosen, else as many days ask for. */
export function grainOf(filters, days) {
  if (filters.grain) return filters.grain;
  return days <= 62 ? "day" : days <= 366 ? "week" : "month";
}
