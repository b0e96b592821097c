"""Bot API methods about the bot itself: identity, webhook, commands, descriptions, chats."""

import re
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import ApiError, BadRequest
from simulator.loopback import is_loopback
from simulator.methods import Json, method
from simulator.params import Params
from simulator.world import World

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@method("getMe")
def get_me(world: World, params: Params) -> Json:
    return {
        **world.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@method("logOut")
@method("close")
def leave_server(world: World, params: Params) -> bool:
    return True


def allowed_updates(params: Params) -> list[str] | None:
    raw = params.json("allowed_updates", "can't parse allowed_updates JSON object")
    if raw is None:
        return None
    if not isinstance(raw, list) or not all(isinstance(kind, str) for kind in raw):
        raise BadRequest("allowed_updates must be an Array of String")
    return raw


@method("setWebhook")
def set_webhook(world: World, params: Params) -> bool:
    url = params.text("url")
    if not url:
        return _remove_webhook(world, params)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise BadRequest("bad webhook: an HTTPS URL must be provided for webhook")
    if not is_loopback(parts.hostname or ""):
        raise BadRequest("bad webhook: the simulator posts to loopback addresses only")
    secret = params.text("secret_token")
    if secret and not _SECRET.fullmatch(secret):
        raise BadRequest("secret token contains unallowed characters")
    world.queue.allow(allowed_updates(params))
    if params.flag("drop_pending_updates"):
        world.queue.drop_all()
    world.queue.settings["webhook"] = {
        "url": url,
        "secret": secret,
        "max_connections": params.integer("max_connections", 40),
    }
    world.queue.save_settings()
    world.queue.interrupt("terminated by setWebhook request")
    world.news.changed()
    return True


@method("deleteWebhook")
def delete_webhook(world: World, params: Params) -> bool:
    return _remove_webhook(world, params)


def _remove_webhook(world: World, params: Params) -> bool:
    if params.flag("drop_pending_updates"):
        world.queue.drop_all()
    world.queue.settings["webhook"] = None
    world.queue.save_settings()
    world.news.changed()
    return True


@method("getWebhookInfo")
def get_webhook_info(world: World, params: Params) -> Json:
    webhook = world.queue.settings["webhook"] or {}
    info = {
        "url": webhook.get("url", ""),
        "has_custom_certificate": False,
        "pending_update_count": len(world.queue.pending),
    }
    for key in ("max_connections", "last_error_date", "last_error_message"):
        if key in webhook:
            info[key] = webhook[key]
    if world.queue.settings["allowed"]:
        info["allowed_updates"] = world.queue.settings["allowed"]
    return info


def _commands_key(params: Params) -> str:
    scope = params.json("scope", "can't parse BotCommandScope JSON object") or {"type": "default"}
    if not isinstance(scope, dict) or "type" not in scope:
        raise BadRequest("can't parse BotCommandScope")
    place = f"{scope['type']}:{scope.get('chat_id', '')}:{scope.get('user_id', '')}"
    return f"commands:{place}:{params.text('language_code')}"


def _check_command(raw: Any) -> Json:
    if not isinstance(raw, dict) or not _COMMAND.fullmatch(str(raw.get("command", ""))):
        raise BadRequest("BOT_COMMAND_INVALID")
    if not 1 <= len(str(raw.get("description", ""))) <= 256:
        raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": raw["command"], "description": raw["description"]}


@method("setMyCommands")
def set_my_commands(world: World, params: Params) -> bool:
    raw = params.json("commands", "can't parse commands JSON object")
    if not isinstance(raw, list):
        raise BadRequest("expected an Array of BotCommand")
    if len(raw) > 100:
        raise BadRequest("BOT_COMMANDS_TOO_MUCH")
    world.note(_commands_key(params), [_check_command(command) for command in raw])
    world.news.publish({"type": "commands"})
    return True


@method("getMyCommands")
def get_my_commands(world: World, params: Params) -> list[Json]:
    commands: list[Json] = world.notes.get(_commands_key(params), [])
    return commands


@method("deleteMyCommands")
def delete_my_commands(world: World, params: Params) -> bool:
    world.note(_commands_key(params), [])
    world.news.publish({"type": "commands"})
    return True


def commands_for(world: World, chat_id: int, language: str) -> list[Json]:
    """The commands a person is offered: the narrowest scope, his language before the default."""
    kind = "all_private_chats" if chat_id > 0 else "all_group_chats"
    for place in (f"chat:{chat_id}:", f"{kind}::", "default::"):
        for code in (language, ""):
            if commands := world.notes.get(f"commands:{place}:{code}"):
                return list(commands)
    return []


def _text_setting(name: str, field: str, limit: int) -> None:
    """Registers set<name> and get<name> for one text of the bot's profile."""

    @method(f"set{name}")
    def set_text(world: World, params: Params) -> bool:
        text = params.text(field)
        if len(text) > limit:
            raise BadRequest(f"{field} is too long")
        world.note(f"{field}:{params.text('language_code')}", text)
        return True

    @method(f"get{name}")
    def get_text(world: World, params: Params) -> Json:
        own = world.notes.get(f"{field}:{params.text('language_code')}")
        return {field: own or world.notes.get(f"{field}:", "")}


_text_setting("MyDescription", "description", 512)
_text_setting("MyShortDescription", "short_description", 120)
_text_setting("MyName", "name", 64)


@method("setChatMenuButton")
def set_chat_menu_button(world: World, params: Params) -> bool:
    return True


@method("getChat")
def get_chat(world: World, params: Params) -> Json:
    chat_id = world.people.resolve(params.values.get("chat_id"))
    gifts = ("unlimited", "limited", "unique")
    return {
        **world.people.chat(chat_id),
        "accent_color_id": abs(chat_id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            **{f"{kind}_gifts": False for kind in gifts},
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


@method("getChatMember")
def get_chat_member(world: World, params: Params) -> Json:
    chat_id = world.people.resolve(params.values.get("chat_id"))
    user_id = params.integer("user_id")
    if user_id == world.bot["id"]:
        return {"status": "member", "user": world.bot}
    if user_id not in world.people.people:
        raise BadRequest("member not found")
    present = chat_id == user_id
    if chat_id < 0:
        group = world.people.groups[chat_id]
        if not group["bot_present"]:
            raise ApiError(403, "bot is not a member of the supergroup chat")
        present = user_id in group["members"]
    return {"status": "member" if present else "left", "user": world.people.user(user_id)}
