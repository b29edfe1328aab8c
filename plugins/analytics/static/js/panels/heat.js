// The classes of a heat map: seven steps of one colour, with text that can be read on each.

const STEPS = 7;

/** Class of a value between 0 and the largest; the root spreads the small ones. */
export function heatOf(value, largest) {
  if (value === null || !largest) return "heat-0";
  return `heat-${Math.min(STEPS - 1, Math.floor(Math.sqrt(value / largest) * STEPS))}`;
}
