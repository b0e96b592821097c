"""Delivery by webhook: one update after another, tried again until the answer is 2xx."""

from functools import partial

import aiohttp

from simulator.updates import UpdateQueue
from simulator.world import Json, World

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_TIMEOUT = aiohttp.ClientTimeout(total=60)
_REST = 30.0  # every change of what there is to do wakes it


async def deliver_by_webhook(world: World) -> None:
    """Runs until cancelled. A failing update holds up those behind it, as at Telegram."""
    queue = world.queue
    pause = _FIRST_PAUSE
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        while True:
            webhook = queue.settings["webhook"]
            if webhook is None or not queue.pending:
                await world.news.wait(lambda: _has_work(queue), _REST)
                continue
            number = next(iter(queue.pending))
            problem = await _post(session, webhook, queue.pending[number][1])
            if problem is None:
                pause = _FIRST_PAUSE
                world.ledger.add("delivered", update_ids=[number], by="webhook")
                if number in queue.pending:
                    queue.confirm([number])
                continue
            webhook["last_error_date"] = int(world.now())
            webhook["last_error_message"] = problem
            world.ledger.add("webhook_error", update_ids=[number], error=problem)
            # A new webhook address ends the pause at once.
            await world.news.wait(partial(_is_replaced, queue, webhook), pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _has_work(queue: UpdateQueue) -> bool:
    return queue.settings["webhook"] is not None and bool(queue.pending)


def _is_replaced(queue: UpdateQueue, webhook: Json) -> bool:
    return queue.settings["webhook"] is not webhook


async def _post(session: aiohttp.ClientSession, webhook: Json, body: str) -> str | None:
    """None when the receiver took the update, else what went wrong."""
    headers = {"Content-Type": "application/json"}
    if webhook["secret"]:
        headers["X-Telegram-Bot-Api-Secret-Token"] = webhook["secret"]
    try:
        async with session.post(webhook["url"], data=body.encode(), headers=headers) as answer:
            if 200 <= answer.status < 300:
                return None
            return f"Wrong response from the webhook: {answer.status} {answer.reason}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"Connection failed: {type(error).__name__}"
