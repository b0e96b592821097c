"""The HTML grammar: what Telegram takes, what it refuses and in which words."""

import pytest

from simulator.errors import BadRequest
from simulator.html_grammar import HtmlParser
from simulator.params import Params
from simulator.rich_text import check_caption, check_text, text_of

ACCEPTED = [
    ("plain", "plain", []),
    ("<b>x</b>", "x", ["bold"]),
    ("<strong>x</strong>", "x", ["bold"]),
    ("<i>x</i><em>y</em>", "xy", ["italic", "italic"]),
    ("<u>x</u><ins>y</ins>", "xy", ["underline", "underline"]),
    ("<s>x</s><strike>y</strike><del>z</del>", "xyz", ["strikethrough"] * 3),
    ("<code>x</code>", "x", ["code"]),
    ("<pre>x</pre>", "x", ["pre"]),
    ('<pre><code class="language-python">x</code></pre>', "x", ["pre"]),
    ("<tg-spoiler>x</tg-spoiler>", "x", ["spoiler"]),
    ('<span class="tg-spoiler">x</span>', "x", ["spoiler"]),
    ("<blockquote>x</blockquote>", "x", ["blockquote"]),
    ("<blockquote expandable>x</blockquote>", "x", ["expandable_blockquote"]),
    ('<a href="https://example.org/?a=1&amp;b=2">x</a>', "x", ["text_link"]),
    ("<a href='tg://user?id=5'>x</a>", "x", ["text_link"]),
    ("<a>no address</a>", "no address", []),
    ('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>', "👍", ["custom_emoji"]),
    ("<B>X</B>", "X", ["bold"]),
    ("<b >x</b >", "x", ["bold"]),
    ("<b><i>x</i>y</b>", "xy", ["bold", "italic"]),
    ("<b></b>nothing", "nothing", []),
    ("a &lt; b &amp;&amp; c &gt; d &quot;q&quot;", 'a < b && c > d "q"', []),
    ("&#8470;&#x2116;", "№№", []),
    ("&nbsp; stays &unknown; and R&D", "&nbsp; stays &unknown; and R&D", []),
    ("a > b", "a > b", []),
    ("</>".replace("</>", "<b>x</>"), "x", ["bold"]),
]

REFUSED = [
    ("<br>", 'Unsupported start tag "br" at byte offset 0'),
    ("Строка<br/>", 'Unsupported start tag "br/" at byte offset 12'),
    ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
    ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
    ("a <5", "Unclosed start tag at byte offset 2"),
    ("5 < 6 and 7 > 6", 'Unsupported start tag "" at byte offset 2'),
    ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
    ("x</b>", "Unexpected end tag at byte offset 1"),
    (
        "<b><i>x</b></i>",
        'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
    ),
    ("<b>x</b", "Unclosed end tag at byte offset 4"),
    ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ('<a href="x>y</a>', "Unclosed start tag at byte offset 0"),
    ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
    ('<b ="x">y</b>', 'Empty attribute name in the tag "b" at byte offset 0'),
    ("<Иванов>", 'Unsupported start tag "иванов" at byte offset 0'),
    ("<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
]


@pytest.mark.parametrize(("source", "text", "kinds"), ACCEPTED)
def test_accepts(source: str, text: str, kinds: list[str]) -> None:
    parsed, entities = HtmlParser(source).parse()
    assert parsed == text
    assert [entity["type"] for entity in entities] == kinds


@pytest.mark.parametrize(("source", "problem"), REFUSED)
def test_refuses(source: str, problem: str) -> None:
    with pytest.raises(BadRequest) as caught:
        HtmlParser(source).parse()
    assert caught.value.description == f"Bad Request: can't parse entities: {problem}"


def test_offsets_count_utf16_units() -> None:
    _, entities = HtmlParser("😀№ <b>жир😀</b>").parse()
    assert entities == [{"type": "bold", "offset": 4, "length": 5}]


def test_pre_keeps_its_language() -> None:
    _, entities = HtmlParser('<pre><code class="language-python">x</code></pre>').parse()
    assert entities == [{"type": "pre", "offset": 0, "length": 1, "language": "python"}]


def test_blanks_at_both_ends_are_cut_with_their_entities() -> None:
    params = Params({"text": "\n <b> x </b>y  ", "parse_mode": "HTML"})
    text, entities = text_of(params, "text", entities_field="entities")
    assert text == "x y"
    assert entities == [{"type": "bold", "offset": 0, "length": 2}]


def test_server_finds_commands_links_and_mentions_but_not_inside_code() -> None:
    source = "/help@demo_bot see https://a.example/x @igor_s #срочно a@b.example <code>/no</code>"
    params = Params({"text": source, "parse_mode": "html"})
    _, entities = text_of(params, "text", entities_field="entities")
    kinds = [entity["type"] for entity in entities]
    assert kinds == ["bot_command", "url", "mention", "hashtag", "email", "code"]


def test_a_number_with_a_slash_in_a_word_is_no_command() -> None:
    text, entities = text_of(Params({"text": "12/34 и/или"}), "text", entities_field="entities")
    assert (text, entities) == ("12/34 и/или", [])


def test_explicit_entities_are_kept_and_those_outside_dropped() -> None:
    raw = '[{"type":"bold","offset":0,"length":2},{"type":"italic","offset":1,"length":9}]'
    _, entities = text_of(
        Params({"text": "abc", "entities": raw}), "text", entities_field="entities"
    )
    assert entities == [{"type": "bold", "offset": 0, "length": 2}]


@pytest.mark.parametrize("mode", ["Markdown", "MarkdownV2", "xml"])
def test_only_html_is_a_parse_mode(mode: str) -> None:
    with pytest.raises(BadRequest, match="unsupported parse_mode"):
        text_of(Params({"text": "x", "parse_mode": mode}), "text", entities_field="entities")


def test_length_counts_after_parsing() -> None:
    marked = "<b>" + "я" * 4096 + "</b>"
    params = Params({"text": marked, "parse_mode": "HTML"})
    text, _ = text_of(params, "text", entities_field="entities")
    check_text(text)
    with pytest.raises(BadRequest, match="message is too long"):
        check_text(text + "я")
    check_caption("я" * 1024)
    with pytest.raises(BadRequest, match="message caption is too long"):
        check_caption("я" * 1025)


@pytest.mark.parametrize("text", ["", "   \n"])
def test_empty_text_is_refused(text: str) -> None:
    stripped, _ = text_of(Params({"text": text}), "text", entities_field="entities")
    with pytest.raises(BadRequest, match="message text is empty"):
        check_text(stripped)
