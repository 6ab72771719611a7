"""A message as an e-mail, with text and page."""

import contextlib
import datetime as dt
import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import httpx

from monitoring.notifications.channels.secret import read_secret
from monitoring.notifications.errors import NotSentError
from monitoring.notifications.message import Message
from monitoring.notifications.render import page_of, text_of
from monitoring.notifications.settings import STARTTLS, TLS, Smtp
from monitoring.notifications.view import headline_of

_TIMEOUT_S = 15
_MOST_SUBJECT = 150


def send_mail(
    mail: Smtp, message: Message, templates: str | None, at: dt.datetime, environment: Mapping[str, str]
) -> str | None:
    """Send it to all its addresses.

    Returns:
        Which addresses the server refused, in a sentence; None: it took all.
    Raises:
        NotSentError: If the server took it for nobody.
    """
    letter = compose(mail, message, templates, at)
    password = read_secret(mail.password, environment) if mail.user is not None else ""
    where = f"the mail server {mail.host}:{mail.port}"
    try:
        with contextlib.closing(_connect(mail)) as server:
            if mail.user is not None:
                server.login(mail.user, password)
            refused = server.send_message(letter)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()  # it has the letter: what comes now cannot take it back
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSentError(f"{where} refused {_refusals(error.recipients)}") from error
    except smtplib.SMTPResponseException as error:
        raise NotSentError(f"{where} answered {_answer(error.smtp_code, error.smtp_error)}") from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise NotSentError(f"{where} did not take the e-mail: {error or type(error).__name__}") from error
    return f"{where} refused {_refusals(refused)}" if refused else None


def compose(mail: Smtp, message: Message, templates: str | None, at: dt.datetime) -> EmailMessage:
    """The e-mail. Its id is made from the message's key, so a mailbox can tell that it comes twice.

    Raises:
        NotSentError: If a template cannot be used.
    """
    letter = EmailMessage()
    subject = headline_of(message)
    letter["Subject"] = subject if len(subject) <= _MOST_SUBJECT else f"{subject[: _MOST_SUBJECT - 1]}…"
    letter["From"] = mail.from_
    letter["To"] = ", ".join(mail.to)
    letter["Date"] = format_datetime(at)
    letter["Message-ID"] = f"<{message.key}@{parseaddr(mail.from_)[1].rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text_of(message, templates))
    letter.add_alternative(page_of(message, templates), subtype="html")
    return letter


def _connect(mail: Smtp) -> smtplib.SMTP:
    if mail.tls == TLS:
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT_S, context=httpx.create_ssl_context())
    server = smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_S)
    if mail.tls == STARTTLS:
        try:
            server.starttls(context=httpx.create_ssl_context())
        except BaseException:
            server.close()
            raise
    return server


def _refusals(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{address} ({_answer(*answer)})" for address, answer in refused.items())


def _answer(code: int, said: bytes | str) -> str:
    return f"{code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
