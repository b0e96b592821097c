// The two small menus of the composer: attachments and commands.

import { element } from "./bubbles.js";

let opener = null;

export function fillMenu(id, items) {
  const rows = items.map(({ label, note, run }) => {
    const click = () => {
      hideMenus();
      run?.();
    };
    const words = [element("b", {}, label), note ? element("small", {}, note) : null];
    return element("button", { type: "button", role: "menuitem", disabled: !run, onclick: click }, ...words);
  });
  document.getElementById(id).replaceChildren(...rows);
}

export function toggleMenu(id, button) {
  const menu = document.getElementById(id);
  const opens = menu.hidden;
  hideMenus();
  if (!opens) return;
  menu.hidden = false;
  opener = button;
  opener.setAttribute("aria-expanded", "true");
  menu.querySelector("button:not(:disabled)")?.focus();
}

export function hideMenus() {
  for (const menu of document.querySelectorAll(".menu")) menu.hidden = true;
  opener?.setAttribute("aria-expanded", "false");
  opener = null;
}

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu");
  if (event.key === "Escape") {
    opener?.focus();
    hideMenus();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button:not(:disabled)")];
  items[(items.indexOf(event.target) + step + items.length) % items.length]?.focus();
});

document.addEventListener("click", (event) => {
  if (opener && !event.target.closest(".menu") && !opener.contains(event.target)) hideMenus();
});
