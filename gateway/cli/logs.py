"""Logs as JSON lines on stderr: our own events, and what libraries have to say, without anything that was sent.

Called once at the start of every process that serves or works. Our events are written with fields (structlog) and hold
no payload; records of libraries may quote a path or a header, so numbers in them are masked and tracebacks left out.
"""

import json
import logging
import sys
from datetime import UTC, datetime

import structlog

from gateway.message.identifiers import mask

_LONGEST = 300

# For libraries that take a dictConfig; gunicorn does.
LIBRARY_LOGS: dict[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "gateway.cli.logs.LibraryRecords"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}


class LibraryRecords(logging.Formatter):
    """A library's record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, what it says (masked and shortened), and the class of the error."""
        line = {
            "event": mask(record.getMessage())[:_LONGEST],
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def configure_logs() -> None:
    """Let every event of this process go to stderr as JSON."""
    from logging.config import dictConfig

    dictConfig(LIBRARY_LOGS)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
