"""Alerts through Airflow's notifiers: what the configuration may say, and a mail that arrives."""

import asyncio
import email
import email.policy
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from airflow.sdk import BaseNotifier
from monitored_runs import TRAFFIC, leave, moved, release, run_step
from pilot_project import PILOT
from small_project import write_spec

from stageline.exceptions import Outage, SpecError
from stageline.operators import AlertOperator, GateFailed
from stageline.operators.alert_message import Alert
from stageline.operators.notifying import LogNotifier, tell, ways_of
from stageline.settings import Settings

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
PLAIN = Settings(home=Path("/h"), ledger_url="", tables=Path("/t"), tracking_uri="")
ALERT = Alert(
    title="small: inputs opened (critical)", text="psi(x) = 0.3", html="<p>psi(x) &lt; 1</p>", owner="di", role="data",
    state="opened", severity="critical", pipeline="small", url="http://airflow/run",
)  # fmt: skip


class Keeping(BaseNotifier):
    """Keep what was rendered."""

    template_fields = ("text", "nested")
    kept: list = []  # noqa: RUF012 - one list for all, on purpose

    def __init__(self, text="", nested=None):
        super().__init__()
        self.text, self.nested = text, nested or {}

    def notify(self, context):
        self.kept.append((self.text, self.nested))


class Failing(BaseNotifier):
    def notify(self, context):
        raise TimeoutError("the server did not answer")


NO_NOTIFIER = "a text"
HERE = __name__


@pytest.fixture(autouse=True)
def nothing_kept():
    Keeping.kept.clear()


def configured(notifier="", arguments=""):
    return replace(PLAIN, notifier=notifier, notifier_arguments=arguments)


def test_the_default_writes_the_alert_to_the_tasks_log(capfd):
    tell(ALERT, ways_of(PLAIN), {})
    assert "small: inputs opened (critical) (to di, data)\npsi(x) = 0.3" in capfd.readouterr().out


def test_arguments_are_rendered_for_each_alert_anew():
    arguments = {"text": "{{ alert.title }} at {{ place }}", "nested": {"to": ["{{ alert.owner }}", 1]}}
    ways = ways_of(configured(f"{HERE}.Keeping", json.dumps(arguments)))
    context = {"place": "home"}
    tell(ALERT, ways, context)
    tell(replace(ALERT, owner="mo"), ways, context)
    assert Keeping.kept == [
        ("small: inputs opened (critical) at home", {"to": ["di", 1]}),
        ("small: inputs opened (critical) at home", {"to": ["mo", 1]}),
    ]
    assert context == {"place": "home"}


@pytest.mark.parametrize("field", ["title", "text", "html", "owner", "role", "state", "severity", "pipeline", "url"])
def test_every_field_of_an_alert_can_be_named(field):
    tell(ALERT, ways_of(configured(f"{HERE}.Keeping", json.dumps({"text": f"{{{{ alert.{field} }}}}"}))), {})
    assert Keeping.kept[0][0] == getattr(ALERT, field)


def test_what_the_data_say_is_never_a_template():
    tell(
        replace(ALERT, title="{{ 7 * 7 }}"), ways_of(configured(f"{HERE}.Keeping", '{"text": "{{ alert.title }}"}')), {}
    )
    assert Keeping.kept[0][0] == "{{ 7 * 7 }}"


def test_notifiers_that_are_given_win_and_stay_as_they_were():
    given = Keeping("{{ alert.owner }}")
    ways = ways_of(configured("no.such.Notifier"), [given])
    tell(ALERT, ways, {})
    tell(replace(ALERT, owner="mo"), ways, {})
    assert [text for text, _ in Keeping.kept] == ["di", "mo"]
    assert given.text == "{{ alert.owner }}"


@pytest.mark.parametrize(
    ("notifier", "arguments", "sentence"),
    [
        ("nowhere.Notifier", "", "[stageline] notifier is 'nowhere.Notifier', which cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        (f"{HERE}.Missing", "", "which cannot be imported: AttributeError"),
        ("Notifier", "", "[stageline] notifier is 'Notifier', which cannot be imported: ValueError"),
        (f"{HERE}.NO_NOTIFIER", "", "which is no notifier of Airflow's; expected e.g. airflow.providers.smtp."),
        ("pathlib.Path", "", "[stageline] notifier is 'pathlib.Path', which is no notifier"),
        (f"{HERE}.Keeping", "{'text': 1}", "[stageline] notifier_arguments is \"{'text': 1}\", which is no JSON: Expecting property name"),
        (f"{HERE}.Keeping", '["text"]', "[stageline] notifier_arguments is '[\"text\"]', a JSON list; expected a JSON object"),
        (f"{HERE}.Keeping", '{"txt": 1}', "notifier_arguments is '{\"txt\": 1}', which [stageline] notifier = "),
        ("", '{"text": "a"}', "[stageline] notifier_arguments is set, but [stageline] notifier names no class"),
    ],
)  # fmt: skip
def test_what_the_configuration_may_not_say_is_named(notifier, arguments, sentence):
    with pytest.raises(SpecError) as refused:
        ways_of(configured(notifier, arguments))
    assert sentence in str(refused.value)


def test_a_notifier_that_raises_keeps_no_other_from_telling():
    with pytest.raises(Outage, match="Failing did not tell di: TimeoutError: the server did not answer"):
        tell(ALERT, ways_of(PLAIN, [Failing(), Keeping("{{ alert.title }}")]), {})
    assert len(Keeping.kept) == 1


# --- in the step


@pytest.fixture
def found(stores):
    """Leave a finding, of a column whose name tries a lot."""
    write_spec(stores.project, **{**PILOT, "owners": "{business: b@x.org, model: m@x.org, data: d@x.org}"})
    release(stores)
    leave(stores, "drift", TRAFFIC, moved("<b>x</b>"))
    return stores


def run_alert(stores, **given):
    with pytest.raises(GateFailed) as failed:
        run_step(stores, AlertOperator(task_id="alert", pipeline="small"), **given)
    return str(failed.value)


def kinds(stores):
    return [record.kind for record in stores.records() if record.kind in ("incident", "notified")]


def test_a_wrong_configuration_is_told_the_incident_recorded_and_a_retry_tells(found, monkeypatch, capfd):
    monkeypatch.setenv("AIRFLOW__STAGELINE__NOTIFIER", "nowhere.Notifier")
    told = run_alert(found)
    assert told.startswith("[stageline] notifier is 'nowhere.Notifier', which cannot be imported: ModuleNotFoundError")
    assert "1 incident is open: inputs (opened)" in told
    assert kinds(found) == ["incident"]
    monkeypatch.delenv("AIRFLOW__STAGELINE__NOTIFIER")
    run_alert(found, try_number=2)
    assert "small: inputs opened (critical) (to d@x.org, data)" in capfd.readouterr().out
    assert kinds(found) == ["incident", "notified"]


def test_a_wrong_configuration_is_found_before_the_first_incident(stores, monkeypatch):
    write_spec(stores.project, **PILOT)
    release(stores)
    leave(stores, "drift", TRAFFIC, moved(verdict="passed"))
    monkeypatch.setenv("AIRFLOW__STAGELINE__NOTIFIER_ARGUMENTS", "{")
    assert "[stageline] notifier_arguments is '{', which is no JSON" in run_alert(stores)


@pytest.fixture
def mailbox(monkeypatch):
    """Give the mails that a server on this machine gets, and Airflow's connection to it."""
    mails, ready, loop = [], threading.Event(), asyncio.new_event_loop()

    async def serve(reader, writer):
        async def say(text):
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        await say("220 ready")
        while line := (await reader.readline()).decode().strip():
            command = line.split()[0].upper()
            if command == "DATA":
                await say("354 go on")
                raw = await reader.readuntil(b"\r\n.\r\n")
                mails.append(email.message_from_bytes(raw[:-5], policy=email.policy.default))
            await say("221 bye" if command == "QUIT" else "250 done")
        writer.close()

    async def listen():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        async with server:
            await stopped.wait()

    port, stopped = [], asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(listen(),))
    thread.start()
    assert ready.wait(60)
    connection = {
        "conn_type": "smtp", "host": "127.0.0.1", "port": port[0],
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "stageline@x.org"},
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    yield mails
    loop.call_soon_threadsafe(stopped.set)
    thread.join(60)
    loop.close()


def test_a_mail_reaches_the_owner_of_the_topic(found, mailbox, monkeypatch):
    pytest.importorskip("airflow.providers.smtp", reason="the provider that sends mails is not installed")
    arguments = {"to": "{{ alert.owner }}", "subject": "{{ alert.title }}", "html_content": "{{ alert.html }}"}
    monkeypatch.setenv("AIRFLOW__STAGELINE__NOTIFIER", SMTP)
    monkeypatch.setenv("AIRFLOW__STAGELINE__NOTIFIER_ARGUMENTS", json.dumps(arguments))
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow.example.com")
    assert run_alert(found).startswith("alert failed: 1 incident is open")
    (mail,) = mailbox
    assert (mail["To"], mail["From"], mail["Subject"]) == (
        "d@x.org", "stageline@x.org", "small: inputs opened (critical)",
    )  # fmt: skip
    page = mail.get_body(("html",)).get_content()
    assert "psi(&lt;b&gt;x&lt;/b&gt;) = 0.3, limit 0.1" in page
    assert '<a href="http://airflow.example.com/dags/small.monitor/runs/m1">The run in Airflow</a>' in page
    assert kinds(found) == ["incident", "notified"]
    run_alert(found, try_number=2)
    assert len(mailbox) == 1


def test_a_server_that_is_away_is_an_outage_that_names_the_option(found, monkeypatch):
    pytest.importorskip("airflow.providers.smtp", reason="the provider that sends mails is not installed")
    monkeypatch.setenv("AIRFLOW__STAGELINE__NOTIFIER", SMTP)
    monkeypatch.setenv("AIRFLOW__STAGELINE__NOTIFIER_ARGUMENTS", '{"to": "a@x.org", "from_email": "b@x.org"}')
    extra = {"disable_ssl": True, "disable_tls": True}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": 1, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    with pytest.raises(
        Outage, match=rf"\[stageline\] notifier = '{SMTP}' did not tell d@x.org: ConnectionRefusedError"
    ):
        run_step(found, AlertOperator(task_id="alert", pipeline="small"))
    assert kinds(found) == ["incident"]


def test_the_log_notifier_is_one_of_airflows():
    assert issubclass(LogNotifier, BaseNotifier)
