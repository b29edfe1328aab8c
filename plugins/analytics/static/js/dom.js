// Elements. Text always goes in as text: names from the shop cannot become markup.

/** An element with attributes, listeners (onclick …), data and children; null and false children are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "data") Object.entries(value).forEach(([key, held]) => (made.dataset[key] = held ?? ""));
    else if (name === "properties") Object.entries(value).forEach(([key, held]) => made.style.setProperty(key, held));
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A value that is shown formatted and carried raw, as the API gave it. */
export function figure(tag, metric, raw, shown, attributes = {}) {
  return element(tag, { ...attributes, data: { metric, value: raw === null ? "" : String(raw) } }, shown);
}

/** A group of buttons of which one is pressed. `choices` are [value, label]; the choice is told to `onChoose`. */
export function choice(label, choices, chosen, onChoose) {
  const buttons = choices.map(([value, text]) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(value === chosen),
        data: { choice: value },
        onclick: () => {
          buttons.forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.choice === value)));
          onChoose(value);
        },
      },
      text,
    ),
  );
  return element("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

/** A drop-down list with its label beside it. `options` are [value, label]. */
export function dropDown(label, options, chosen, onChoose) {
  const select = element(
    "select",
    { onchange: () => onChoose(select.value) },
    options.map(([value, text]) => element("option", { value, selected: value === chosen }, text)),
  );
  return element("label", {}, label, select);
}
