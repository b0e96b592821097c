// Short notices: answers to a press, the line under the bot's name.

import { find, state } from "./state.js";
import { text } from "./texts.js";

let toastTimer = 0;

export function toast(message) {
  const box = find("toast");
  box.textContent = message;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (box.hidden = true), 3500);
}

export function showAnswer(event) {
  for (const key of document.querySelectorAll(`[data-callback="${event.callback_id}"]`)) {
    key.classList.remove("busy");
  }
  if (event.person !== state.person || !event.text) return;
  if (!event.show_alert) {
    toast(event.text);
    return;
  }
  find("alert-text").textContent = event.text;
  find("alert").showModal();
}

let statusTimer = 0;

export function showStatus(value, seconds = 0) {
  find("status").textContent = value;
  clearTimeout(statusTimer);
  if (seconds) statusTimer = setTimeout(() => showStatus(text("bot")), seconds * 1000);
}
