"use strict";
// The office's own behaviour: deadline preview, one press per form, lightbox, filter of the timeline.
(() => {
  const DELAY = 300;

  function deadline(box) {
    const input = box.querySelector("input");
    const told = box.querySelector("[data-office-told]");
    const form = input.form;
    const token = form && form.elements.namedItem("deadline_token");
    let timer = 0;
    let asked = 0;

    function show(text, wrong) {
      told.textContent = text;
      told.classList.toggle("office-wrong", Boolean(wrong));
    }

    async function ask() {
      const text = input.value.trim();
      const number = ++asked;
      if (!text) {
        token.value = "";
        show("");
        return;
      }
      const url = new URL(box.dataset.url, window.location.href);
      url.searchParams.set("text", text);
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (number !== asked || !answer.ok) {
        return;
      }
      const said = await answer.json();
      token.value = said.token || "";
      input.value = text;
      show(said.told || said.error, Boolean(said.error));
    }

    input.addEventListener("input", () => {
      token.value = "";
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, DELAY);
    });
    for (const button of box.querySelectorAll("button[data-text]")) {
      button.addEventListener("click", () => {
        asked += 1;
        window.clearTimeout(timer);
        input.value = button.dataset.text;
        token.value = button.dataset.token;
        show(button.dataset.told);
      });
    }
    if (input.value.trim()) {
      ask();
    }
  }

  function once(form) {
    form.addEventListener("submit", () => {
      // After the event: a disabled button would not be sent.
      window.setTimeout(() => {
        for (const button of form.querySelectorAll("button[type=submit]")) {
          button.disabled = true;
        }
      }, 0);
    });
  }

  function lightbox(dialog) {
    const picture = dialog.querySelector("img");
    for (const link of document.querySelectorAll("[data-office-photo]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        picture.src = link.href;
        picture.alt = link.querySelector("img").alt;
        dialog.showModal();
      });
    }
    dialog.querySelector("[data-office-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) {
        dialog.close();
      }
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-office-deadline]").forEach(deadline);
    document.querySelectorAll("form[data-office-once]").forEach(once);
    document.querySelectorAll("[data-office-lightbox]").forEach(lightbox);
    // The theme writes the file's name into a text box beside its own fields; ours have none.
    document.querySelectorAll("form[data-office-once] input[type=file]").forEach((input) => {
      input.hasChangeListener = true;
    });
    document.querySelectorAll("[data-office-send]").forEach((select) => {
      // Asked as a press of the button would: whoever listens to the form is told.
      select.addEventListener("change", () => select.form.requestSubmit());
    });
    document.querySelectorAll("form[data-office-wait]").forEach((form) => {
      form.addEventListener("submit", () => busy(true));
    });
  });

  // Numbers that are being asked for anew must not be taken for the answer.
  function busy(waits) {
    document.querySelectorAll("[data-office-busy]").forEach((page) => {
      page.setAttribute("aria-busy", String(waits));
    });
    document.querySelectorAll(".office-waits").forEach((told) => {
      told.hidden = !waits;
    });
  }

  // Back from another page: buttons that were switched off work again.
  window.addEventListener("pageshow", () => {
    busy(false);
    document.querySelectorAll("form[data-office-once] button[disabled]").forEach((button) => {
      button.disabled = false;
    });
  });
})();
