// What the page knows, shared by drawing and acting.

export const find = (id) => document.getElementById(id);
export const parameters = new URLSearchParams(location.search);

export const state = {
  people: [],
  groups: [],
  bot: null,
  person: 0,
  chat: 0,
  messages: new Map(),
  drawn: new Map(),
  unread: new Map(),
  editing: null,
  // A deep link (?person=…&start=…) only offers its Start button: no link acts by itself.
  payload: parameters.get("start"),
};

export const person = () => state.people.find((each) => each.id === state.person);
export const isGroup = () => state.chat < 0;

// What a bubble or a button can make happen; app.js fills it in.
export const actions = {};
