"""Downloads, against a server of this test's own; nothing leaves the machine."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from preprocessing.corpora import download as module
from preprocessing.corpora import openi
from preprocessing.corpora.download import download
from preprocessing.errors import InputError

CONTENT = b"an archive, let us say" * 10_000


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing.tgz":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:1000] if self.path == "/short.tgz" else CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_the_file_appears_whole_and_is_kept(server, tmp_path, monkeypatch):
    monkeypatch.setattr(openi, "URL", f"{server}/whole.tgz")
    monkeypatch.setattr(module, "OPENI_SHA256", hashlib.sha256(CONTENT).hexdigest())
    path = download("openi", tmp_path / "new")
    assert path == tmp_path / "new" / "NLMCXR_reports.tgz"
    assert path.read_bytes() == CONTENT
    monkeypatch.setattr(openi, "URL", f"{server}/missing.tgz")
    assert download("openi", tmp_path / "new") == path


@pytest.mark.parametrize(
    ("name", "message"),
    [("whole.tgz", "SHA-256 is"), ("short.tgz", "SHA-256 is"), ("missing.tgz", "Not Found|404")],
)
def test_a_failed_download_leaves_nothing(server, tmp_path, monkeypatch, name, message):
    monkeypatch.setattr(openi, "URL", f"{server}/{name}")
    with pytest.raises(InputError, match=message) as error:
        download("openi", tmp_path)
    assert "\n" not in str(error.value)
    assert f"put it at {tmp_path}" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(openi, "URL", "http://127.0.0.1:1/closed.tgz")
    with pytest.raises(InputError, match=r"closed\.tgz: download failed .*other means and put it"):
        download("openi", tmp_path)


def test_what_cannot_be_downloaded(tmp_path):
    with pytest.raises(InputError, match=r"mimic-cxr cannot be downloaded.*credentialed"):
        download("mimic-cxr", tmp_path)
    with pytest.raises(InputError, match="did you mean 'openi'"):
        download("open-i", tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        download("openi", tmp_path / "data")
