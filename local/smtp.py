"""Stand-in for a mail server: every message is accepted and kept as an .eml file."""

import argparse
import asyncio
import itertools
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local.addresses import listen_address


class MailDirectory:
    """Writes each message it is handed into a directory, in order of arrival."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._sequence = itertools.count()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        body = content.encode() if isinstance(content, str) else content
        header = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        name = f"{time.time_ns()}-{next(self._sequence):04d}.eml"
        unfinished = self.directory / f".{name}"
        unfinished.write_bytes(header.encode() + body)
        unfinished.rename(self.directory / name)
        return "250 Message accepted for delivery"


def serve(directory: Path, port: int) -> None:
    """Listen until the process is stopped."""
    directory.mkdir(parents=True, exist_ok=True)
    controller = Controller(MailDirectory(directory), hostname=listen_address(), port=port)
    controller.start()
    asyncio.run(asyncio.Event().wait())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    serve(arguments.state / "smtp", arguments.port)


if __name__ == "__main__":
    main()
