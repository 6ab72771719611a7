"""The words of a message: what to do first, lists that are cut, and texts from outside that stay texts."""

import datetime as dt
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from monitoring.notifications.channels.slack import MOST_BLOCKS, MOST_CHARACTERS, slack_payload
from monitoring.notifications.channels.smtp import compose
from monitoring.notifications.channels.webhook import MOST_FACTS, webhook_document
from monitoring.notifications.digest import Alert, Drift, Failure
from monitoring.notifications.errors import NotSentError
from monitoring.notifications.message import Message, merged
from monitoring.notifications.render import page_of, text_of
from monitoring.notifications.settings import Smtp
from monitoring.notifications.view import headline_of
from tests.support.digests import MONDAY, alert, digest, resolved

FRIDAY = dt.date(2018, 8, 31)
MAIL = Smtp(host="localhost", from_="Stock <alerts@shop.test>", to=("a@shop.test", "b@shop.test"))
EVIL = [
    "\x1b[2J\x1b]0;owned\x07",
    "a\r\nBcc: evil@example.com\r\n\r\nhello",
    "\u202egnp.exe",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "<!channel> <@U1> <https://evil.example|click> @here *bold* `code`",
    "{{ view }} {% for a in b %}",
    "\ud800\x00",
]


def message(notes: tuple[str, ...] = (), **facts: Any) -> Message:
    return merged("mail", "k" * 64, [digest(**facts)], notes)


@pytest.mark.parametrize(
    ("facts", "headline"),
    [
        ({"new": (alert(),)}, "Check 1 product at risk: 1 new alert."),
        (
            {"new": (alert("A", reorder_by=FRIDAY), alert("B")), "worse": (alert("A"),)},
            "Check 2 products at risk, reorder the first by 2018-08-31: 2 new alerts, 1 worse.",
        ),
        ({"worse": (alert(reorder_by=FRIDAY),)}, "Check 1 product at risk, reorder by 2018-08-31: 1 worse."),
        ({"resolved": (resolved(),)}, "Nothing to do: 1 alert resolved."),
        ({"drift": (Drift(drift_id="d", sentence="…"),)}, "Look at the data and the model: 1 sign of drift."),
        (
            {"failures": (Failure(stage="Train", sentence="…"),), "resolved": (resolved("A"), resolved("B"))},
            "Put right what is wrong with Train. 2 alerts resolved.",
        ),
    ],
)
def test_the_first_line_says_what_to_do(facts: dict[str, Any], headline: str) -> None:
    assert text_of(message(**facts), None).splitlines()[0] == headline


def test_the_text_tells_all_and_names_what_is_unknown() -> None:
    known = alert("B", units_on_hand=4, reorder_by=FRIDAY, revenue_at_risk=1234.5, probability_before=0.5)
    told = message(
        ("12 held back.",),
        failures=(Failure(stage="Train", sentence="no rows"),),
        new=(alert("A"),),
        worse=(known,),
        drift=(Drift(drift_id="d", sentence="prices doubled"),),
        resolved=(resolved("C"),),
        warnings=("3 rows in quarantine",),
    )
    assert text_of(told, None) == (
        "Put right what is wrong with Train. Check 2 products at risk, reorder the first by 2018-08-31: "
        "1 new alert, 1 worse. Look at the data and the model: 1 sign of drift. 1 alert resolved.\n"
        "\n12 held back.\n"
        "\nWrong (1)\n- Train: no rows\n"
        "\nNew alerts (1)\n- A: probability 0.800, on hand unknown, reorder by unknown, revenue at risk unknown\n"
        "\nWorse (1)\n"
        "- B: probability 0.800 (was 0.500), on hand 4, reorder by 2018-08-31, revenue at risk 1,234\n"
        "\nDrift (1)\n- prices doubled\n"
        "\nResolved (1)\n- C: 40 units came in\n"
        "\nWarnings (1)\n- 3 rows in quarantine\n"
        "\nRuns (1)\n- run run-1 of 2018-08-27 06:00 UTC, as of 2018-08-26, snapshot snapshot-run-1 (inventory)\n"
    )


def test_where_runs_answer_several_questions_each_alert_names_its_own() -> None:
    one = digest(new=(alert("A"),))
    other = digest("run-2", questions=("zero_sales",), new=(alert("B", question="zero_sales"),))
    both = merged("mail", "k", [one, digest("run-3", resolved=(resolved("C"),)), other], ())
    text = text_of(both, None)
    assert "- A (inventory): probability" in text
    assert "- B (zero_sales): probability" in text
    assert "- C (inventory): 40 units" in text
    assert "<td>zero_sales</td>" in page_of(both, None)


def test_lists_for_people_are_cut_after_the_most_urgent_and_say_how_many_more() -> None:
    late = tuple(alert(f"late-{number}", reorder_by=FRIDAY, revenue_at_risk=number) for number in range(1_200))
    told = message(new=(*late, alert("first", reorder_by=FRIDAY - dt.timedelta(days=1))), resolved=(resolved(),) * 21)
    text = text_of(told, None)
    assert "New alerts (1,201)\n- first: " in text
    assert text.count("\n- late-") == 19
    assert "- late-1199: " in text
    assert "- and 1,181 more\n" in text
    assert "- and 1 more\n" in text
    assert "<p>and 1,181 more</p>" in page_of(told, None)

    document = webhook_document(told)
    assert (len(document["new"]), document["more"]["new"]) == (MOST_FACTS, 201)
    assert document["headline"] == headline_of(told)


class Page(HTMLParser):
    """The tags of a page, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.text = set[str](), ""
        self.feed(page)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def evil_message(text: str) -> Message:
    return message(
        new=(alert(text, question=text),),
        resolved=(resolved(text, outcome=text),),
        drift=(Drift(drift_id=text, sentence=text),),
        failures=(Failure(stage=text, sentence=text),),
        warnings=(text,),
        run_id=text,
    )


@pytest.mark.parametrize("text", EVIL)
def test_text_from_outside_steers_no_terminal_no_browser_and_no_mail(text: str) -> None:
    harmless = message(new=(alert(),), warnings=("w",))
    evil = evil_message(text)
    told = text_of(evil, None)
    assert all(character.isprintable() or character == "\n" for character in told)
    assert "\nBcc:" not in told
    assert Page(page_of(evil, None)).tags <= Page(page_of(harmless, None)).tags
    letter = message_from_bytes(compose(MAIL, evil, None, MONDAY).as_bytes(), policy=policy.default)
    assert set(letter.keys()) == set(compose(MAIL, harmless, None, MONDAY).keys())
    assert letter["To"] == "a@shop.test, b@shop.test"


@pytest.mark.parametrize("text", EVIL)
def test_in_slack_text_from_outside_is_no_mention_no_link_and_no_style(text: str) -> None:
    payload = slack_payload(evil_message(text), None)
    assert payload["mrkdwn"] is False
    for block in payload["blocks"]:
        assert block["text"]["type"] == "plain_text"
    for part in (payload["text"], *(block["text"]["text"] for block in payload["blocks"])):
        assert "<" not in part
        assert ">" not in part
        assert "&" not in part.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")


def test_the_longest_message_fits_into_slack() -> None:
    def longest(number: int) -> Alert:
        return alert(f"{number}{'&' * 250}", question="&" * 250)

    sentences = tuple(f"{number}{'&' * 5_000}" for number in range(50))
    told = message(
        sentences[:3],
        new=tuple(map(longest, range(50))),
        worse=tuple(map(longest, range(50))),
        resolved=tuple(resolved(str(number), outcome="&" * 5_000) for number in range(50)),
        drift=tuple(Drift(drift_id="d", sentence=sentence) for sentence in sentences),
        failures=tuple(Failure(stage="&" * 250, sentence=sentence) for sentence in sentences),
        warnings=sentences,
    )
    texts = [block["text"]["text"] for block in slack_payload(told, None)["blocks"]]
    assert len(texts) == MOST_BLOCKS
    assert max(map(len, texts)) <= MOST_CHARACTERS
    assert texts[-1] == "The rest is too long for Slack."


def test_a_mail_has_text_and_page_and_an_id_of_the_message_key() -> None:
    letter = compose(MAIL, message(new=(alert("Käse & Brot"),)), None, MONDAY)
    assert letter["Subject"] == "Check 1 product at risk: 1 new alert."
    assert letter["From"] == "Stock <alerts@shop.test>"
    assert letter["Message-ID"] == f"<{'k' * 64}@shop.test>"
    assert letter["Date"].datetime == MONDAY
    text, page = letter.iter_parts()
    assert "Käse & Brot" in text.get_content()
    assert "Käse &amp; Brot" in page.get_content()


def test_templates_of_the_seller_take_the_place_of_ours(tmp_path: Path) -> None:
    told = message(new=(alert("<A>"),))
    (tmp_path / "digest.txt.jinja").write_text("Bitte prüfen: {{ view.sections[0].alerts[0].product_id }}")
    assert text_of(told, str(tmp_path)) == "Bitte prüfen: <A>\n"
    assert page_of(told, str(tmp_path)) == page_of(told, None)
    (tmp_path / "digest.txt.jinja").write_text("{{ view.no_such_word }}")
    with pytest.raises(NotSentError, match=r"template digest\.txt\.jinja cannot be used: .*no_such_word"):
        text_of(told, str(tmp_path))
