// The page from the state: messages, people, header, composer.

import { bubble, daySeparator, element } from "./bubbles.js";
import { showStatus } from "./notices.js";
import { actions, find, isGroup, person, state } from "./state.js";
import { applyTexts, currentLanguage, day, text } from "./texts.js";

function bundles() {
  const result = [];
  for (const message of state.messages.values()) {
    if (message.deleted) continue;
    const last = result.at(-1);
    const group = message.media_group_id;
    if (group && last?.[0].media_group_id === group) last.push(message);
    else result.push([message]);
  }
  return result;
}

export function drawMessages() {
  const box = find("messages");
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const drawn = new Map();
  const nodes = [];
  let before = "";
  for (const messages of bundles()) {
    const today = day(messages[0].date);
    if (today !== before) nodes.push(daySeparator(messages[0]));
    before = today;
    // Unchanged bubbles keep their nodes, so pictures do not flicker and focus stays.
    const key = messages.map((each) => `${each.id}.${each.edits}`).join() + currentLanguage();
    const node = state.drawn.get(key) ?? bubble(messages, actions, { inGroup: isGroup() });
    drawn.set(key, node);
    nodes.push(node);
  }
  state.drawn = drawn;
  if (!nodes.length) nodes.push(element("p", { class: "empty" }, emptyText()));
  box.replaceChildren(...nodes);
  if (atEnd) box.scrollTop = box.scrollHeight;
  drawReplyKeyboard();
}

function emptyText() {
  if (!state.people.length) return text("nobody");
  return text(person()?.started || isGroup() ? "emptyStarted" : "empty");
}

function drawReplyKeyboard() {
  const carrier = [...state.messages.values()].findLast((each) => each.reply_keyboard && !each.deleted);
  const rows = carrier?.reply_keyboard ?? [];
  const box = find("reply-keyboard");
  box.replaceChildren(
    ...rows.map((row) =>
      element(
        "div",
        { class: "row" },
        ...row.map(({ text: label }) =>
          element("button", { type: "button", class: "key", onclick: () => actions.sendText(label) }, label),
        ),
      ),
    ),
  );
  box.hidden = !rows.length;
}

const initials = (name) => name.split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("");

function personButton(id, name, role, last) {
  const unread = state.unread.get(id) ?? 0;
  const preview = last ? last.text.split("\n")[0] || (last.photo ? text("photoOf") : "…") : "";
  return element(
    "button",
    { type: "button", class: "person", "aria-current": String(id === state.chat), onclick: () => actions.choose(id) },
    element("span", { class: `avatar c${Math.abs(id) % 7}`, "aria-hidden": "true" }, initials(name)),
    element(
      "span",
      { class: "lines" },
      element("b", {}, name),
      role ? element("small", {}, role) : null,
      element("span", { class: "preview" }, preview),
    ),
    unread ? element("span", { class: "badge" }, String(unread)) : null,
  );
}

export function drawPeople() {
  const nodes = [element("h2", {}, text("people"))];
  for (const each of state.people) {
    const name = [each.first_name, each.last_name].filter(Boolean).join(" ");
    nodes.push(personButton(each.id, name, each.role, each.last));
  }
  if (state.groups.length) {
    nodes.push(element("h2", {}, text("groups")));
    for (const each of state.groups) nodes.push(personButton(each.id, each.title, "", each.last));
  }
  find("people").replaceChildren(...nodes);
  find("people").querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
}

function drawBar() {
  const group = state.groups.find((each) => each.id === state.chat);
  find("bot-name").textContent = group?.title ?? state.bot?.first_name ?? "";
  showStatus(text("bot"));
  find("acting").hidden = !group;
  if (!group) return;
  const options = group.members.map((id) => {
    const name = state.people.find((each) => each.id === id)?.first_name ?? String(id);
    return element("option", { value: id, selected: id === state.person }, name);
  });
  find("member").replaceChildren(...options);
}

export function drawComposer() {
  const me = person();
  const blocked = !isGroup() && me?.blocked;
  const fresh = !isGroup() && me && (!me.started || state.payload !== null);
  const big = find("big");
  big.hidden = !(blocked || fresh);
  big.textContent = text(blocked ? "unblock" : "start");
  find("composer").hidden = !big.hidden || !me;
  const label = (id, key) => {
    find(id).title = text(key);
    find(id).setAttribute("aria-label", text(key));
  };
  label("attach", "attach");
  label("slash", "commands");
  label("send", "send");
  label("down", "down");
  label("stop-editing", "close");
  label("viewer-close", "close");
  find("text").placeholder = text("message");
  find("text").setAttribute("aria-label", text("message"));
}

export function drawAll() {
  applyTexts();
  drawPeople();
  drawBar();
  drawComposer();
  drawMessages();
}
