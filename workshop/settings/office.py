"""The look of the office site (django-unfold): title, languages, sidebar."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .workshop import WORKSHOP_NAME

# Exports of the office that are too long to wait for.
EXPORT_LATER = "integrations.exports.office.ask"
# What an office user may read, in the words of the API: the history keeps some kinds from some.
OFFICE_SCOPES = "integrations.authentication.office_scopes"


def _item(title: Promise, icon: str, page: str, permission: str = "") -> Any:
    """A line of the sidebar, shown to whoever may view the model behind it."""
    label, _line, model = page.rpartition("_")
    needed = permission or f"{label}.view_{model}"
    link = reverse_lazy(f"admin:{page}_changelist")
    return {
        "title": title,
        "icon": icon,
        "link": link,
        "permission": lambda request: request.user.has_perm(needed),
    }


def _page(
    title: Promise, icon: str, name: str, permission: str = "receipts.view_returncase"
) -> dict[str, Any]:
    """A page of numbers: it asks by itself who may read them."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(name),
        "permission": lambda request: request.user.has_perm(permission),
    }


def _group(title: Promise, *items: Any, closed: bool = True) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": closed, "items": list(items)}


_NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            {"title": _("Dashboard"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
            {
                "title": _("📥 New receipt"),
                "icon": "add_circle",
                "link": reverse_lazy("admin:receipts_receipt_add"),
                "permission": lambda request: request.user.has_perm("receipts.add_receipt"),
            },
            _item(_("Receipts"), "receipt_long", "receipts_receipt"),
            _item(_("Customers"), "person", "receipts_customer"),
            _item(_("Watches"), "watch", "receipts_watch"),
            _item(_("History"), "history", "history_event"),
        ]
    },
    _group(
        _("Polishing"),
        _item(_("Polishing orders"), "auto_awesome", "polishing_polishingorder"),
        _item(_("Polishing batches"), "inventory_2", "polishing_polishingbatch"),
    ),
    _group(
        _("Analytics"),
        _page(_("Quality of the works"), "verified", "numbers-quality"),
        _page(_("Returns from QC"), "assignment_return", "numbers-returns"),
        _page(_("Output"), "bar_chart", "numbers-output"),
        _page(_("What burns"), "local_fire_department", "numbers-burning"),
        _page(_("In the workshop now"), "warehouse", "numbers-workshop"),
        _page(_("Load of the masters"), "engineering", "numbers-masters"),
        _page(_("Load of the polishers"), "auto_awesome", "numbers-polishing"),
        _page(_("What people answer for"), "policy", "numbers-accountability"),
        _page(_("First-pass yield"), "done_all", "numbers-first-pass"),
        _page(_("Lead time"), "hourglass_top", "numbers-lead-time"),
        _page(_("Deadlines kept"), "event_available", "numbers-deadlines"),
        _page(_("Flow of receipts"), "swap_vert", "numbers-flow"),
        _item(_("Reports"), "summarize", "analytics_report"),
        _item(_("Report schedules"), "schedule_send", "analytics_reportschedule"),
    ),
    _group(
        _("Monitoring"),
        _page(_("State and numbers"), "monitor_heart", "monitoring", "analytics.view_snapshot"),
        _page(_("What is in danger"), "crisis_alert", "monitoring-risks"),
        _page(_("Programs"), "dns", "monitoring-programs", "analytics.view_snapshot"),
        _item(_("Alerts"), "notification_important", "analytics_alert"),
        _item(_("Alert rules"), "rule_settings", "analytics_alertrule"),
    ),
    _group(
        _("Records"),
        _item(_("Works"), "build", "receipts_operation"),
        _item(_("Quality checks"), "fact_check", "receipts_qualitycheck"),
        _item(_("Readings"), "speed", "receipts_reading"),
        _item(_("Returns from QC"), "assignment_return", "receipts_returncase"),
        _item(_("Items of returns"), "rule", "receipts_returnitem"),
        _item(_("Hand-overs to masters"), "handshake", "receipts_assignment"),
        _item(_("Holds"), "pause_circle", "receipts_hold"),
        _item(_("Works not required"), "block", "receipts_waiver"),
        _item(_("Photos"), "photo_camera", "receipts_photo"),
        _item(_("Reminders"), "notifications", "receipts_reminder"),
        _item(_("Detached parts"), "extension", "receipts_detachedpart"),
    ),
    _group(
        _("Staff"),
        _item(_("Employees"), "groups", "staff_employee"),
        _item(_("Office accounts"), "badge", "auth_user", permission="staff.view_employee"),
        _item(_("Groups"), "shield_person", "auth_group"),
        _item(_("Work group"), "groups_3", "staff_workgroup"),
    ),
    _group(
        _("Telegram"),
        _item(_("Sending queue"), "send", "botapp_outgoingmessage"),
        _item(_("Unreachable people"), "person_off", "botapp_personreach"),
    ),
    _group(
        _("Catalogues"),
        _item(_("Operation types"), "handyman", "receipts_operationtype"),
        _item(_("Reasons for return"), "assignment_return", "receipts_returnreason"),
        _item(_("Reasons for hold"), "pause_circle", "receipts_holdreason"),
        _item(_("Reasons for refusal"), "do_not_disturb_on", "receipts_refusalreason"),
        _item(_("Reasons for waiver"), "block", "receipts_waiverreason"),
        _item(_("Causes of a deadline change"), "update", "receipts_deadlinecause"),
        _item(_("Metals"), "diamond", "receipts_metal"),
        _item(_("Checklist"), "checklist", "receipts_checklistitem"),
        _item(_("Service limits"), "timer", "receipts_servicelimit"),
        _item(_("Work calendar"), "calendar_month", "receipts_workcalendar"),
    ),
    _group(
        _("Integrations"),
        _item(_("Import"), "upload_file", "integrations_import"),
        _item(_("API clients"), "api", "integrations_apiclient"),
        _item(_("API keys"), "key", "integrations_apikey"),
        _item(_("Webhooks"), "webhook", "integrations_webhookendpoint"),
        _item(_("Deliveries of webhooks"), "outgoing_mail", "integrations_webhookdelivery"),
        _item(_("Exports"), "download", "integrations_exportjob"),
        _item(_("Registration tokens"), "person_add", "integrations_registrationtoken"),
        _item(_("Counted requests"), "speed", "integrations_ratewindow"),
    ),
    _group(
        _("Service tables"),
        _item(_("Commands"), "terminal", "history_command"),
        _item(_("Streams"), "link", "history_stream"),
        _item(_("Outbox"), "outbox", "history_outbox"),
        _item(_("Leases"), "key", "history_lease"),
        _item(_("Invites"), "qr_code", "staff_invite"),
        _item(_("Refused accesses"), "gpp_bad", "staff_accessrefusal"),
        _item(_("Jobs"), "schedule", "history_job"),
        _item(_("Incoming updates"), "move_to_inbox", "botapp_inboundupdate"),
        _item(_("Cards of the work group"), "dashboard_customize", "botapp_groupcard"),
        _item(_("Names of the bot"), "smart_toy", "staff_botname"),
        _item(_("Answers to reminders"), "mark_chat_read", "receipts_reminderanswer"),
        _item(_("Stays that were too long"), "hourglass_bottom", "receipts_overstay"),
        _item(_("Subscriptions of customers"), "notifications_active", "receipts_subscription"),
        _item(_("Chats of the bot"), "forum", "botapp_inboundchat"),
        _item(_("Dialogs"), "chat", "botapp_dialog"),
    ),
]

UNFOLD = {
    "SITE_TITLE": WORKSHOP_NAME,
    "SITE_HEADER": WORKSHOP_NAME,
    "SITE_SYMBOL": "watch",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "analytics.admin.home.page.context_of_index",
    "STYLES": [lambda request: static("office/office.css")],
    "SCRIPTS": [lambda request: static("office/office.js")],
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": _NAVIGATION,
    },
}

# dd.mm.yyyy HH:MM on every page, whatever the language.
FORMAT_MODULE_PATH = ["workshop.formats"]

# The theme's sign-in form does not carry where to go next.
LOGIN_REDIRECT_URL = "admin:index"
