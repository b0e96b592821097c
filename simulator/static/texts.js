// The page's own small table of texts: the simulator knows nothing of the product's catalogues.

const TEXTS = {
  ru: {
    title: "Демонстрация: сообщения никуда не уходят",
    subtitle: "это учебный Telegram на вашем компьютере",
    office: "← В офис",
    people: "Кто пишет боту",
    groups: "Группы",
    as: "От имени:",
    bot: "бот",
    typing: "печатает…",
    sendingFile: "отправляет файл…",
    offline: "нет связи с симулятором…",
    message: "Сообщение",
    attach: "Прикрепить",
    commands: "Команды",
    send: "Отправить",
    down: "К последнему сообщению",
    start: "Запустить",
    unblock: "Разблокировать бота",
    nobody: "Людей пока нет. Их задаёт параметр --people.",
    empty: "Здесь пока нет сообщений. Нажмите «Запустить».",
    emptyStarted: "Здесь пока нет сообщений.",
    noCommands: "Бот ещё не назвал своих команд",
    photoFiles: "🖼 Фото с компьютера…",
    photo: "📷 Нарисованное фото",
    album: "🖼 Альбом из трёх фото",
    documentFiles: "📄 Файл…",
    sticker: "🙂 Стикер",
    voice: "🎤 Голосовое, 5 секунд",
    forward: "↪ Переслать чужое сообщение",
    contact: "📇 Мой контакт",
    block: "⛔ Заблокировать бота",
    forwardedText: "Пересланный текст",
    forwardedFrom: "Переслано от:",
    voiceMessage: "Голосовое сообщение",
    edited: "изменено",
    edit: "Изменить",
    editing: "Изменение сообщения",
    ok: "Хорошо",
    close: "Закрыть",
    photoOf: "Фото",
    bytes: ["Б", "КБ", "МБ"],
  },
  en: {
    title: "Demonstration: messages go nowhere",
    subtitle: "a practice Telegram on your own computer",
    office: "← To the office",
    people: "Who writes to the bot",
    groups: "Groups",
    as: "As:",
    bot: "bot",
    typing: "typing…",
    sendingFile: "sending a file…",
    offline: "no connection to the simulator…",
    message: "Message",
    attach: "Attach",
    commands: "Commands",
    send: "Send",
    down: "To the last message",
    start: "Start",
    unblock: "Unblock the bot",
    nobody: "Nobody is here yet: see the option --people.",
    empty: "No messages here yet. Press “Start”.",
    emptyStarted: "No messages here yet.",
    noCommands: "The bot has not named its commands yet",
    photoFiles: "🖼 Photos from the computer…",
    photo: "📷 A drawn photo",
    album: "🖼 An album of three photos",
    documentFiles: "📄 File…",
    sticker: "🙂 Sticker",
    voice: "🎤 Voice message, 5 seconds",
    forward: "↪ Forward someone's message",
    contact: "📇 My contact",
    block: "⛔ Block the bot",
    forwardedText: "A forwarded text",
    forwardedFrom: "Forwarded from:",
    voiceMessage: "Voice message",
    edited: "edited",
    edit: "Edit",
    editing: "Editing the message",
    ok: "OK",
    close: "Close",
    photoOf: "Photo",
    bytes: ["B", "KB", "MB"],
  },
};

let language = localStorage.getItem("language") === "en" ? "en" : "ru";

export const text = (key) => TEXTS[language][key];
export const currentLanguage = () => language;

export function setLanguage(code) {
  language = code;
  localStorage.setItem("language", code);
  applyTexts();
}

export function applyTexts() {
  document.documentElement.lang = language;
  document.title = text("title");
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = text(node.dataset.text);
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

export function size(bytes) {
  const units = text("bytes");
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const shown = new Intl.NumberFormat(language, { maximumFractionDigits: unit ? 1 : 0 });
  return `${shown.format(value)} ${units[unit]}`;
}

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const day = (seconds) =>
  new Date(seconds * 1000).toLocaleDateString(language, { day: "numeric", month: "long" });
