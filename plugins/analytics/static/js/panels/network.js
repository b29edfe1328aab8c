// Where the products of a network stand: those bought together near each other. The same pairs give the same picture.

const ROUNDS = 250;
// So many ideal lengths apart nodes leave each other alone: else groups that nothing links would drive each other to the rim.
const FAR = 3;
const GAP = 9;
const LINE = 14;

/** Places between 0 and 1 for the nodes, by Fruchterman and Reingold; `edges` are [from, to, weight]. */
export function placesOf(nodes, edges) {
  const places = nodes.map((_, number) => {
    const angle = (2 * Math.PI * number) / nodes.length;
    return { x: 0.5 + 0.4 * Math.cos(angle), y: 0.5 + 0.4 * Math.sin(angle) };
  });
  const distance = 0.75 / Math.sqrt(Math.max(nodes.length, 1));
  const heaviest = Math.max(...edges.map(([, , weight]) => weight), 1e-9);
  for (let round = 0; round < ROUNDS; round++) {
    const pushes = places.map(() => ({ x: 0, y: 0 }));
    for (let one = 0; one < places.length; one++) {
      for (let other = one + 1; other < places.length; other++) push(one, other, (apart) => (apart > FAR * distance ? 0 : (distance * distance) / apart));
      pushes[one].x += (0.5 - places[one].x) * 0.18;
      pushes[one].y += (0.5 - places[one].y) * 0.18;
    }
    for (const [from, to, weight] of edges) push(from, to, (apart) => (-(apart * apart) / distance) * (0.6 + 0.4 * (weight / heaviest)));
    const reach = 0.08 * (1 - round / ROUNDS);
    places.forEach((place, number) => {
      const length = Math.hypot(pushes[number].x, pushes[number].y) || 1e-9;
      place.x += (pushes[number].x / length) * Math.min(length, reach);
      place.y += (pushes[number].y / length) * Math.min(length, reach);
    });

    function push(one, other, strength) {
      const across = places[one].x - places[other].x;
      const along = places[one].y - places[other].y;
      const apart = Math.hypot(across, along) || 1e-6;
      const force = strength(apart);
      pushes[one].x += (across / apart) * force;
      pushes[one].y += (along / apart) * force;
      pushes[other].x -= (across / apart) * force;
      pushes[other].y -= (along / apart) * force;
    }
  }
  return places;
}

/** A box beside a point (pixels) for a text of a width, by the name that plotly.js has for the place. */
const BESIDE = {
  "top center": ({ x, y }, width) => [x - width / 2, y - GAP - LINE, x + width / 2, y - GAP],
  "bottom center": ({ x, y }, width) => [x - width / 2, y + GAP, x + width / 2, y + GAP + LINE],
  "middle right": ({ x, y }, width) => [x + GAP, y - LINE / 2, x + GAP + width, y + LINE / 2],
  "middle left": ({ x, y }, width) => [x - GAP - width, y - LINE / 2, x - GAP, y + LINE / 2],
};

const meet = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];

/**
 * Where each name stands, away from its links if it can: inside the picture, over no other name and no node; null where there
 * is no room.
 *
 * points: pixels from the upper left; widths: of the names; links: numbers of the nodes linked to each; size: {width, height}.
 */
export function sidesOf(points, widths, links, size) {
  const taken = points.map(({ x, y }) => [x - GAP / 2, y - GAP / 2, x + GAP / 2, y + GAP / 2]);
  const sides = points.map(() => null);
  const wanted = [...points.keys()].sort((one, other) => links[other].length - links[one].length || one - other);
  for (const number of wanted) {
    const point = points[number];
    const across = links[number].reduce((all, other) => all + point.x - points[other].x, 0);
    const along = links[number].reduce((all, other) => all + point.y - points[other].y, 0);
    const away = { "middle right": across, "middle left": -across, "bottom center": 1.5 * along, "top center": -1.5 * along };
    const side = Object.keys(BESIDE)
      .sort((one, other) => away[other] - away[one])
      .find((name) => {
        const box = BESIDE[name](point, widths[number]);
        const isInside = box[0] >= 0 && box[1] >= 0 && box[2] <= size.width && box[3] <= size.height;
        return isInside && !taken.some((other) => meet(box, other));
      });
    if (!side) continue;
    sides[number] = side;
    taken.push(BESIDE[side](point, widths[number]));
  }
  return sides;
}
