"""In a real browser, the page of a hostile table runs nothing and asks nothing of the network."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import quality_samples as samples

from stageline.reporting import render_quality_page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome on the PATH")


@dataclass
class Listener:
    """A server on this machine that remembers what it was asked for."""

    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def harm(self):
        """Markup that would run a script, make an element and call the server; short enough not to be cut."""
        return (
            f'</title></style>"><script>document.title="ran"</script><img src=http://127.0.0.1:{self.port}/x '
            'onerror=document.body.append(document.createElement("made"))>'
        )


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):  # the server's own way to name it
            found.asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    found.port = server.server_port
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def browse(page, folder):
    """Return the document as it stands once the browser has loaded it."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    # The browser must not call its makers either: only the page's own requests could reach a server.
    options += ["--disable-background-networking", "--no-first-run", "--timeout=5000"]
    done = subprocess.run(
        [BROWSER, *options, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def harmed(dom, listener):
    return ("<title>ran</title>" in dom, "<made>" in dom, bool(listener.asked))


def test_the_harm_works_where_nothing_stops_it(listener, tmp_path):
    dom = browse(f"<!doctype html><title>{listener.harm}", tmp_path)
    assert harmed(dom, listener) == (True, True, True)


def test_escaping_alone_keeps_the_page_harmless(listener, tmp_path):
    page = render_quality_page(samples.failed(listener.harm))
    assert len(POLICY.findall(page)) == 1
    dom = browse(POLICY.sub("", page), tmp_path)
    assert harmed(dom, listener) == (False, False, False)
    assert "Quarantined rows" in dom
    assert "data quality failed</title>" in dom


def test_the_policy_alone_keeps_the_page_harmless(listener, tmp_path):
    page = render_quality_page(samples.failed())
    dom = browse(page.replace("<main>", f"<main>{listener.harm}"), tmp_path)
    assert harmed(dom, listener)[0] is False
    assert listener.asked == []
    assert "<made>" not in dom
