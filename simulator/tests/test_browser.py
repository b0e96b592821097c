"""The page in a real browser: what a person reads, presses, sends. Skipped without Chromium."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from simulator.testing import SimClient, SimServer

from .conftest import GROUP, OTHER, PERSON

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: install chromium"),
]

HOSTILE = '<b>жирно</b> &lt;img src=x onerror="document.title=1"&gt;'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=options)


@pytest.fixture
def page(browser: Browser, sim: SimServer) -> Iterator[Page]:
    """The open page on a phone's width; any error on the console fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 780}, locale="ru-RU")
    context.set_default_timeout(5000)
    problems: list[str] = []
    page = context.new_page()
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(sim.origin)
    expect(page.locator(".person").first).to_be_visible()
    yield page
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert problems == []
    assert width == 390


def has_more_than(count: int, seen: list[Any]) -> bool:
    return len(seen) > count


def unanswered(people: SimClient) -> int:
    return int(people.request("GET", "/sim/pending")["unanswered_callbacks"])


def by_bot(sim: SimServer, action: Callable[[Bot], Awaitable[Any]]) -> Any:
    """Run one step of a bot in a thread: this thread belongs to the browser's loop."""
    result: list[Any] = []

    async def main() -> None:
        async with Bot(sim.token, base_url=sim.base_url) as bot:
            result.append(await action(bot))

    thread = Thread(target=lambda: asyncio.run(main()))
    thread.start()
    thread.join(10)
    return result[0]


def test_a_conversation(sim: SimServer, people: SimClient, page: Page) -> None:
    page.fill("#text", "4512")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.mine")).to_contain_text("4512")
    assert people.chat(PERSON)[0]["text"] == "4512"

    markup = InlineKeyboardMarkup([[InlineKeyboardButton("✅ Часы готовы", callback_data="pass")]])
    sent = by_bot(
        sim, lambda bot: bot.send_message(PERSON, HOSTILE, parse_mode="HTML", reply_markup=markup)
    )
    bubble = page.locator(".bubble.theirs")
    expect(bubble.locator("b")).to_have_text("жирно")
    expect(bubble).to_contain_text('<img src=x onerror="document.title=1">')

    page.click("text=Часы готовы")
    expect(page.locator(".key.busy")).to_have_count(1)
    updates = by_bot(sim, lambda bot: bot.get_updates())
    query = updates[-1].callback_query
    assert query.data == "pass"
    by_bot(sim, lambda bot: bot.answer_callback_query(query.id, "ОТК пройден"))
    expect(page.locator("#toast")).to_have_text("ОТК пройден")
    expect(page.locator(".key.busy")).to_have_count(0)

    by_bot(sim, lambda bot: bot.edit_message_text("Готово", chat_id=PERSON, message_id=sent.id))
    expect(bubble).to_contain_text("Готово")
    expect(page.locator(".key")).to_have_count(0)
    by_bot(sim, lambda bot: bot.delete_message(PERSON, sent.id))
    expect(bubble).to_have_count(0)


def test_start_unread_and_language(sim: SimServer, people: SimClient, page: Page) -> None:
    by_bot(sim, lambda bot: bot.send_message(PERSON, "раз"))
    expect(page.locator(".bubble.theirs")).to_have_count(1)
    page.click(".person >> nth=1")
    page.click("#big")
    expect(page.locator(".bubble.mine")).to_contain_text("/start")
    by_bot(sim, lambda bot: bot.send_message(PERSON, "два"))
    expect(page.locator(".badge")).to_have_text("1")
    page.click(".person >> nth=0")
    expect(page.locator(".badge")).to_have_count(0)
    expect(page.locator("h1")).to_contain_text("Демонстрация")
    page.click("[data-language=en]")
    expect(page.locator("h1")).to_contain_text("Demonstration: messages go nowhere")
    page.reload()
    expect(page.locator("h1")).to_contain_text("Demonstration")
    expect(page.locator(".bubble.theirs")).to_have_count(2)


def test_attachments_blocking_and_alerts(sim: SimServer, people: SimClient, page: Page) -> None:
    for label in ("Нарисованное фото", "Альбом", "Стикер", "Голосовое", "Переслать", "контакт"):
        before = len(people.chat(PERSON))
        page.click("#attach")
        page.click(f".menu button:has-text('{label}')")
        people.wait_for(PERSON, partial(has_more_than, before))
    expect(page.locator(".photo img")).to_have_count(4)
    expect(page.locator(".from")).to_contain_text("Анна")
    page.set_input_files(
        "#document-files", {"name": "акт.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    expect(page.locator(".document")).to_contain_text("акт.txt")
    page.click(".photo >> nth=0")
    expect(page.locator("#picture")).to_be_visible()
    page.keyboard.press("Escape")
    page.click("#attach")
    page.click(".menu button:has-text('Заблокировать')")
    expect(page.locator("#big")).to_have_text("Разблокировать бота")
    page.click("#big")
    expect(page.locator("#composer")).to_be_visible()

    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Поздно?", callback_data="x")]])
    by_bot(sim, lambda bot: bot.send_message(PERSON, "?", reply_markup=markup))
    page.click("text=Поздно?")
    people.wait_for(PERSON, lambda _: unanswered(people) == 1)
    query = by_bot(sim, lambda bot: bot.get_updates(offset=-1))[0].callback_query
    by_bot(sim, lambda bot: bot.answer_callback_query(query.id, "Поздно", show_alert=True))
    expect(page.locator("#alert")).to_be_visible()
    expect(page.locator("#alert-text")).to_have_text("Поздно")


def test_a_deep_link_waits_for_the_press(sim: SimServer, people: SimClient, page: Page) -> None:
    page.goto(f"{sim.origin}/?person={OTHER}&start=r_Ab1")
    expect(page.locator("#big")).to_have_text("Запустить")
    assert people.chat(OTHER) == []
    page.click("#big")
    expect(page.locator(".bubble.mine")).to_contain_text("/start r_Ab1")
    expect(page.locator("#big")).to_be_hidden()


def test_a_group(sim: SimServer, people: SimClient, page: Page) -> None:
    people.add_group(GROUP, "Цех", [PERSON, OTHER])
    page.click(".person:has-text('Цех')")
    page.select_option("#member", str(OTHER))
    page.fill("#text", "/link")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.mine")).to_contain_text("/link")
    assert people.chat(GROUP)[0]["from"]["name"] == "Анна"
