// The page's life: what the person does, and what comes from the simulator.

import { call, listen } from "./api.js";
import { drawAll, drawComposer, drawMessages, drawPeople } from "./draw.js";
import { fillMenu, hideMenus, toggleMenu } from "./menus.js";
import { showAnswer, showStatus, toast } from "./notices.js";
import { actions, find, isGroup, parameters, person, state } from "./state.js";
import { applyTexts, currentLanguage, setLanguage, text } from "./texts.js";

Object.assign(actions, {
  me: () => state.person,
  mayEdit: (message) => message.from.id === state.person,
  sendText: (value) => act("/sim/send", { text: value }),
  edit: startEditing,
  press,
  showPicture(url) {
    find("picture").src = url;
    find("viewer").showModal();
  },
  choose,
});

// --- What the person does

async function act(path, body, files) {
  hideMenus();
  try {
    return await call(path, { person: state.person, chat_id: state.chat, ...body }, files);
  } catch (error) {
    toast(error.message);
    return null;
  }
}

async function press(message, button, key) {
  key.classList.add("busy");
  // A bot that never answers must not leave the button turning for ever.
  setTimeout(() => key.classList.remove("busy"), 15000);
  const answer = await act("/sim/press", { message_id: message.id, data: button.callback_data });
  if (answer) key.dataset.callback = answer.callback_id;
  else key.classList.remove("busy");
}

function startEditing(message) {
  state.editing = message;
  find("editing").hidden = false;
  find("text").value = message.text;
  grow();
  find("text").focus();
}

function stopEditing() {
  state.editing = null;
  find("editing").hidden = true;
  find("text").value = "";
  grow();
}

async function submit() {
  const value = find("text").value.trim();
  if (!value) return;
  if (state.editing) {
    const { id } = state.editing;
    stopEditing();
    await act("/sim/edit", { message_id: id, text: value });
    return;
  }
  find("text").value = "";
  grow();
  if (!(await act("/sim/send", { text: value }))) find("text").value = value;
}

function grow() {
  const field = find("text");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 140)}px`;
}

async function pressBig() {
  if (person().blocked) {
    await act("/sim/block", { blocked: false });
  } else {
    const payload = state.payload ?? "";
    state.payload = null;
    await act("/sim/start", { payload });
  }
  await loadPeople();
  drawComposer();
}

async function choose(id) {
  state.chat = id;
  if (id > 0) {
    state.person = id;
  } else {
    const members = state.groups.find((each) => each.id === id)?.members ?? [];
    if (!members.includes(state.person) && members.length) [state.person] = members;
  }
  sessionStorage.setItem("chat", id);
  state.unread.delete(id);
  stopEditing();
  hideMenus();
  await loadChat();
}

// --- Loading and live events

async function loadPeople() {
  Object.assign(state, await call("/sim/people"));
  drawPeople();
}

async function loadChat() {
  state.messages.clear();
  state.drawn.clear();
  if (state.chat) {
    const asked = state.chat;
    const view = await call(`/sim/chat/${asked}?limit=100`);
    if (asked !== state.chat) return;
    for (const message of view.messages) state.messages.set(message.id, message);
  }
  drawAll();
  const box = find("messages");
  box.scrollTop = box.scrollHeight;
}

async function loadEverything() {
  await loadPeople();
  const wanted = state.chat || Number(parameters.get("person")) || Number(sessionStorage.getItem("chat"));
  const known = [...state.people, ...state.groups].some((each) => each.id === wanted);
  await choose(known ? wanted : (state.people[0]?.id ?? 0));
}

function noteMessage(event) {
  const owner = [...state.people, ...state.groups].find((each) => each.id === event.chat_id);
  if (owner && event.type === "message") owner.last = event.message;
  if (owner && !event.message.out && owner.id > 0) owner.started = true;
  if (event.chat_id === state.chat) {
    state.messages.set(event.message.id, event.message);
    showStatus(text("bot"));
    drawMessages();
  } else if (event.type === "message" && event.message.out) {
    state.unread.set(event.chat_id, (state.unread.get(event.chat_id) ?? 0) + 1);
  }
  drawPeople();
  drawComposer();
}

function onEvent(event) {
  if (event.message) noteMessage(event);
  else if (event.type === "answer") showAnswer(event);
  else if (event.type === "action" && event.chat_id === state.chat) {
    showStatus(text(event.action === "typing" ? "typing" : "sendingFile"), 5);
  } else if (event.type === "person" || event.type === "reset") loadEverything();
}

async function openCommands() {
  const query = `chat=${state.chat}&language=${currentLanguage()}`;
  const commands = await call(`/sim/commands?${query}`);
  const items = commands.map(({ command, description }) => ({
    label: `/${command}`,
    note: description,
    run: () => actions.sendText(`/${command}`),
  }));
  if (!items.length) items.push({ label: text("noCommands") });
  fillMenu("slash-menu", items);
  toggleMenu("slash-menu", find("slash"));
}

const someoneElse = () => state.people.find((each) => each.id !== state.person)?.id ?? true;

function openAttach() {
  const send = (what) => () => act("/sim/send", what);
  fillMenu("attach-menu", [
    { label: text("photoFiles"), run: () => find("photo-files").click() },
    { label: text("photo"), run: send({ photo: true }) },
    { label: text("album"), run: send({ album: 3 }) },
    { label: text("documentFiles"), run: () => find("document-files").click() },
    { label: text("sticker"), run: send({ sticker: "👍" }) },
    { label: text("voice"), run: send({ voice: 5 }) },
    { label: text("forward"), run: send({ text: text("forwardedText"), forwarded: someoneElse() }) },
    { label: text("contact"), run: send({ contact: "+79990000000" }) },
    ...(isGroup() ? [] : [{ label: text("block"), run: () => act("/sim/block", {}) }]),
  ]);
  toggleMenu("attach-menu", find("attach"));
}

async function sendFiles(input, field) {
  const files = [...input.files].map((file) => [field, file]);
  const caption = find("text").value.trim();
  input.value = "";
  if (files.length && (await act("/sim/send", { caption }, files))) {
    find("text").value = "";
    grow();
  }
}

function wire() {
  find("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  find("text").addEventListener("input", grow);
  find("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape" && state.editing) stopEditing();
  });
  find("text").addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (files.length) act("/sim/send", {}, files.map((file) => ["photo", file]));
  });
  find("attach").addEventListener("click", openAttach);
  find("slash").addEventListener("click", openCommands);
  find("stop-editing").addEventListener("click", stopEditing);
  find("big").addEventListener("click", pressBig);
  find("photo-files").addEventListener("change", (event) => sendFiles(event.target, "photo"));
  find("document-files").addEventListener("change", (event) => sendFiles(event.target, "document"));
  find("member").addEventListener("change", (event) => {
    state.person = Number(event.target.value);
    state.drawn.clear();
    drawMessages();
  });
  find("languages").addEventListener("click", (event) => {
    const { language } = event.target.dataset;
    if (!language) return;
    setLanguage(language);
    drawAll();
    drawOffice();
  });
  const box = find("messages");
  box.addEventListener("scroll", () => {
    find("down").hidden = box.scrollHeight - box.scrollTop - box.clientHeight < 300;
  });
  // Pictures and the on-screen keyboard change heights later: whoever read the end stays there.
  new ResizeObserver(() => (box.scrollTop = find("down").hidden ? box.scrollHeight : box.scrollTop)).observe(box);
  find("down").addEventListener("click", () => box.scrollTo({ top: box.scrollHeight, behavior: "smooth" }));
}

let officeUrl = "";

function drawOffice() {
  find("office").hidden = !officeUrl;
  find("office").textContent = text("office");
  if (officeUrl) find("office").href = officeUrl;
}

async function main() {
  applyTexts();
  wire();
  ({ office_url: officeUrl } = await call("/sim/settings"));
  drawOffice();
  // Loading begins once the events flow, so that nothing is lost in between; and again each time.
  listen(onEvent, (stands) => (stands ? loadEverything() : showStatus(text("offline"))));
}

main();
