// Messages as DOM. Texts of people and of the bot only ever become text nodes.

import { clock, day, size, text } from "./texts.js";

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

function link(address, children) {
  const whole = /^[a-z]+:/i.test(address) ? address : `https://${address}`;
  const safe = /^(https?|mailto|tel|tg):/i.test(whole) ? whole : "#";
  return element("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function wrap(entity, children, source, actions) {
  const own = source.slice(entity.offset, entity.offset + entity.length);
  if (entity.type in TAGS) return element(TAGS[entity.type], {}, ...children);
  if (entity.type === "text_link") return link(entity.url, children);
  if (entity.type === "url") return link(own, children);
  if (entity.type === "email") return link(`mailto:${own}`, children);
  if (entity.type === "spoiler") {
    const show = (event) => event.currentTarget.classList.add("shown");
    return element("span", { class: "spoiler", onclick: show }, ...children);
  }
  if (entity.type === "bot_command") {
    const run = () => actions.sendText(own);
    return element("button", { type: "button", class: "command", onclick: run }, ...children);
  }
  return element("span", { class: entity.type }, ...children);
}

const isBlock = (entity) => ["pre", "blockquote", "expandable_blockquote"].includes(entity.type);

// A block stands on lines of its own, so the line breaks around it are not shown twice.
function plain(source, from, to, next) {
  return source.slice(from, next && isBlock(next) && source[to - 1] === "\n" ? to - 1 : to);
}

// Entities may nest but never cross; offsets count UTF-16 units, as JavaScript does.
function rich(source, entities, actions, start = 0, end = source.length) {
  const nodes = [];
  let at = start;
  let index = 0;
  while (index < entities.length) {
    const entity = entities[index];
    const stop = Math.min(entity.offset + entity.length, end);
    let next = index + 1;
    while (next < entities.length && entities[next].offset < stop) next += 1;
    if (entity.offset > at) nodes.push(plain(source, at, entity.offset, entity));
    const inner = entities.slice(index + 1, next);
    nodes.push(wrap(entity, rich(source, inner, actions, entity.offset, stop), source, actions));
    at = isBlock(entity) && source[stop] === "\n" ? stop + 1 : stop;
    index = next;
  }
  if (at < end) nodes.push(plain(source, at, end));
  return nodes;
}

function photo(message, actions) {
  const [width, height] = message.photo_size;
  const open = () => actions.showPicture(message.photo);
  const image = element("img", { src: message.photo, alt: text("photoOf"), width, height });
  return element("button", { type: "button", class: "photo", onclick: open }, image);
}

function attachment(message, actions) {
  if (message.photo) return photo(message, actions);
  if (message.sticker) return element("div", { class: "sticker" }, message.sticker);
  if (message.document) {
    const file = message.document;
    return element(
      "a",
      { class: "document", href: file.url, download: file.name },
      element("span", { class: "sheet", "aria-hidden": "true" }, "↓"),
      element("span", {}, element("b", {}, file.name), element("small", {}, size(file.size))),
    );
  }
  if (message.voice) {
    const bars = Array.from({ length: 24 }, (_, i) => element("i", { class: `h${(i * 7) % 5}` }));
    const wave = element("span", { class: "wave", "aria-hidden": "true" }, ...bars);
    const label = `${text("voiceMessage")}, 0:${String(message.voice).padStart(2, "0")}`;
    return element("div", { class: "voice" }, wave, element("small", {}, label));
  }
  if (message.contact) {
    const { first_name: name, phone_number: phone } = message.contact;
    return element("div", { class: "contact" }, element("b", {}, name), element("span", {}, phone));
  }
  return null;
}

function keyboard(message, actions) {
  if (!message.keyboard.length) return null;
  const rows = message.keyboard.map((row) =>
    element(
      "div",
      { class: "row" },
      ...row.map((button) => {
        if (button.url) {
          const made = link(button.url, [button.text, " ↗"]);
          made.className = "key";
          return made;
        }
        const press = (event) => actions.press(message, button, event.currentTarget);
        return element("button", { type: "button", class: "key", onclick: press }, button.text);
      }),
    ),
  );
  return element("div", { class: "keyboard" }, ...rows);
}

function stamp(message, actions) {
  const parts = [];
  const own = !message.out && message.text && !message.photo && !message.document;
  if (own && actions.mayEdit(message)) {
    const edit = () => actions.edit(message);
    const label = text("edit");
    parts.push(
      element("button", { type: "button", class: "pen", title: label, "aria-label": label, onclick: edit }, "✎"),
    );
  }
  if (message.edits) parts.push(`${text("edited")} `);
  parts.push(element("time", {}, clock(message.date)));
  return element("span", { class: "stamp" }, ...parts);
}

// One bubble: a message, or the messages of an album together.
export function bubble(messages, actions, { inGroup }) {
  const first = messages[0];
  const captioned = messages.find((message) => message.text) ?? first;
  const mine = !first.out && first.from.id === actions.me();
  const parts = [];
  if (inGroup && !mine) parts.push(element("div", { class: "name" }, first.from.name));
  if (first.forwarded_from) {
    parts.push(element("div", { class: "from" }, `${text("forwardedFrom")} ${first.forwarded_from}`));
  }
  const media = messages.map((message) => attachment(message, actions)).filter(Boolean);
  if (messages.length > 1 && first.photo) {
    parts.push(element("div", { class: `album n${Math.min(messages.length, 4)}` }, ...media));
  } else {
    parts.push(...media);
  }
  const body = element("div", { class: "body" });
  if (captioned.text) {
    body.append(element("div", { class: "text" }, ...rich(captioned.text, captioned.entities, actions)));
  }
  body.append(stamp(messages.at(-1), actions));
  parts.push(body);
  const kinds = ["bubble", mine ? "mine" : "theirs"];
  if (first.photo) kinds.push("picture");
  if (first.sticker) kinds.push("bare");
  if (!captioned.text) kinds.push("wordless");
  return element(
    "div",
    { class: `message ${mine ? "right" : "left"}`, "data-id": first.id },
    element("div", { class: kinds.join(" ") }, ...parts),
    keyboard(messages.at(-1), actions),
  );
}

export const daySeparator = (message) => element("div", { class: "day" }, day(message.date));
