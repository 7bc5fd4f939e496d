import json
import logging

import pytest
import structlog

from verf.telemetry import TelemetrySettings, bind, configure_logging, log


@pytest.fixture(autouse=True)
def as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def written(capsys):
    """Runs the writer with JSON logs, and gives what was printed."""

    def run(write):
        configure_logging(TelemetrySettings(style="json"))
        write()
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_a_line_is_one_json_object_with_what_was_bound(written):
    bind(organisation="o-1", person="p-1")
    [line] = written(lambda: log("room").info("synced", products=3))
    assert (line["event"], line["products"], line["organisation"], line["person"]) == ("synced", 3, "o-1", "p-1")
    assert (line["level"], line["logger"]) == ("info", "room")
    assert line["timestamp"].endswith("Z")


def test_other_loggers_pass_the_same_mask(written):
    def write():
        logging.getLogger("uvicorn.error").warning("connect %s", "postgresql://u:hunter2hunter2@db/x")
        logging.getLogger("library").warning("hello", extra={"password": "hunter2hunter2"})

    lines = written(write)
    assert len(lines) == 2
    assert "hunter2" not in json.dumps(lines)


def test_no_access_line_carries_a_query(written):
    def write():
        logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /verify?token=x HTTP/1.1" 200')
        logging.getLogger("httpx").info("HTTP Request: GET https://a.example/?key=1")

    assert written(write) == []


def test_a_traceback_is_masked(written):
    def write():
        try:
            {}["token=hunter2hunter2"]
        except LookupError:
            log("room").exception("broke")

    [line] = written(write)
    assert "KeyError" in line["exception"]
    assert "hunter2" not in line["exception"]


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_line_cannot_be_forged(style, capsys):
    configure_logging(TelemetrySettings(style=style))
    log("room").info('hello\n{"event": "forged"}', name="x\r\nforged\x1b[31m\u2028")
    logging.getLogger("library").info("a\nforged")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert not any("\x1b[31mforged" in line or line.startswith(("forged", '{"event": "forged')) for line in lines)


def test_configuring_twice_prints_once(capsys):
    for _ in range(2):
        configure_logging(TelemetrySettings(style="json"))
    log("room").info("once")
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_file_is_kept_when_asked_for(tmp_path, capsys):
    configure_logging(TelemetrySettings(style="json", file=tmp_path / "logs" / "verf.log"))
    log("room").info("kept", password="hunter2")
    kept = (tmp_path / "logs" / "verf.log").read_text()
    assert '"kept"' in kept
    assert "hunter2" not in kept
