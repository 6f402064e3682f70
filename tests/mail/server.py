"""A mail server on loopback for the tests, by aiosmtpd, that is as difficult as real ones are.

server.py --into FILE [--port N] [--auth USER:PASSWORD] [--tls CERT:KEY] [--brief]
    Prints its port. A recipient decides what becomes of a mail, by how the address begins: `refused` (550), `relay` (554
    at first), `grey` (451 at first), `drop` (the connection breaks at first, before the answer), `full` (552 after the mail). Each mail that is
    taken is a line of JSON in FILE before it is answered, read again by Python's own email package, its page checked by
    html5lib; with `--brief` only to whom it went and its address, for there are thousands.
"""

import argparse
import asyncio
import email
import email.policy
import json
import re
import ssl
import sys

import html5lib
from aiosmtpd.smtp import SMTP, AuthResult

seen = {}


def is_first(address):
    seen[address] = seen.get(address, 0) + 1
    return seen[address] == 1


def told(recipient, content):
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert not message.defects, message.defects
    plain = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    html = message.get_body(("html",)).get_content()
    parser = html5lib.HTMLParser(strict=False)
    page = parser.parse(html)
    links = [a.get("href") for a in page.iter("{http://www.w3.org/1999/xhtml}a")]
    headers = {name.lower(): str(value) for name, value in message.items()}
    return {
        "recipient": recipient,
        "headers": headers,
        "type": message.get_content_type(),
        "parts": [part.get_content_type() for part in message.iter_parts()],
        "text": plain,
        "html": html,
        "errors": [str(error) for error in parser.errors],
        "links": links,
        "longest": max(len(line) for line in content.split(b"\r\n")),
        "ascii": content.isascii(),
    }


def told_briefly(recipient, content):
    message = email.message_from_bytes(content, policy=email.policy.default)
    plain = message.get_body(("plain",)).get_content()
    return {"recipient": recipient, "link": re.search(r"https?://\S+", plain).group()}


class Handler:
    def __init__(self, tell, into):
        self.tell = tell
        self.into = into

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}> no such user"
        if address.startswith("relay") and is_first(address):
            return f"554 5.7.1 <{address}>: Relay access denied"
        if address.startswith("grey") and is_first(address):
            return f"451 4.7.1 <{address}> greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        [recipient] = envelope.rcpt_tos
        if recipient.startswith("full"):
            return "552 5.2.2 mailbox full"
        if recipient.startswith("drop") and is_first(recipient):
            server.transport.abort()
            return "250 never heard"
        print(json.dumps(self.tell(recipient, envelope.content)), file=self.into, flush=True)
        return "250 OK"


async def serve(options):
    wanted = options.auth and tuple(options.auth.split(":"))

    def check(server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == wanted, handled=False)

    handler = Handler(told_briefly if options.brief else told, open(options.into, "w"))
    context = None
    if options.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*options.tls.split(":"))

    def session():
        return SMTP(
            handler,
            hostname="localhost",
            tls_context=context,
            require_starttls=bool(context),
            authenticator=check if wanted else None,
            auth_required=bool(wanted),
            auth_require_tls=bool(context),
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", options.port)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Who started it has ended when its end of the pipe is closed.
    await loop.run_in_executor(None, sys.stdin.read)


parser = argparse.ArgumentParser()
parser.add_argument("--into", required=True)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--auth")
parser.add_argument("--tls")
parser.add_argument("--brief", action="store_true")
asyncio.run(serve(parser.parse_args()))
