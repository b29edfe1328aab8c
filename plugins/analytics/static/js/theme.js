// Light or dark: as the reader chose, else as Airflow around the page has it, else as the system says.

const NAME = "analytics-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = [];

const chosen = () => localStorage.getItem(NAME);

function around() {
  if (window.parent === window) return null;
  try {
    const { classList } = window.parent.document.documentElement;
    return classList.contains("dark") ? "dark" : classList.contains("light") ? "light" : null;
  } catch {
    return null; // the page around is of another origin
  }
}

export const current = () => chosen() ?? around() ?? (system.matches ? "dark" : "light");

/** Be told of another theme. */
export const onTheme = (listener) => listeners.push(listener);

/** Make the button switch themes. */
export function switchWith(button) {
  const show = () => {
    document.documentElement.dataset.theme = current();
    button.textContent = current() === "dark" ? "Light theme" : "Dark theme";
    listeners.forEach((listener) => listener());
  };
  button.addEventListener("click", () => {
    localStorage.setItem(NAME, current() === "dark" ? "light" : "dark");
    show();
  });
  system.addEventListener("change", show);
  show();
}
