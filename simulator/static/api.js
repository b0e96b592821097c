// Calls of the control API. Every failure becomes an Error with a text for the person.

export async function call(path, body, files = []) {
  const options = {};
  if (files.length) {
    const form = new FormData();
    form.append("payload", JSON.stringify(body));
    for (const [field, file] of files) form.append(field, file, file.name);
    Object.assign(options, { method: "POST", body: form });
  } else if (body !== undefined) {
    const headers = { "Content-Type": "application/json" };
    Object.assign(options, { method: "POST", body: JSON.stringify(body), headers });
  }
  const answer = await fetch(path, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error ?? answer.statusText);
  return data;
}

// `onEvent` gets every change; `onState` whether the connection stands.
export function listen(onEvent, onState) {
  const source = new EventSource("/sim/events");
  source.addEventListener("open", () => onState(true));
  source.addEventListener("error", () => onState(false));
  source.addEventListener("message", (event) => onEvent(JSON.parse(event.data)));
}
