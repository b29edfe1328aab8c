// Where the products of a network stand: those bought together near each other. The same pairs give the same picture.

const ROUNDS = 250;

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
      for (let other = one + 1; other < places.length; other++) push(one, other, (apart) => (distance * distance) / apart);
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
