"""A receiver of notifyd's notifications: it verifies, takes each notification once, and sees a hole. Python 3.8, no package.

    WEBHOOK_SECRET=whsec_… PORT=8090 python3 examples/receivers/receiver.py
"""
import base64
import hashlib
import hmac
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ['WEBHOOK_SECRET'].replace('whsec_', '', 1))

# Keep these in your database, in the transaction that does the work: a restart forgets what is here.
taken = set()
missing = set()
highest = None
lock = threading.Lock()


def is_signed(headers, body):
    """https://www.standardwebhooks.com: the bytes as they came, not JSON that was parsed and written again."""
    webhook_id, timestamp = headers.get('webhook-id', ''), headers.get('webhook-timestamp', '')
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > 300:
        return False
    signed = f'{webhook_id}.{timestamp}.'.encode() + body
    expected = 'v1,' + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    # Several while a secret is rotated: one has to hold.
    given = headers.get('webhook-signature', '').split(' ')
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in given)


def count(sequence):
    """Numbers count up by one for this endpoint, and come in order for an appointment only: one that is missing may still come."""
    global highest
    if sequence in missing:
        missing.remove(sequence)
        say(f'found {sequence}')
    for number in range((sequence if highest is None else highest) + 1, sequence):
        missing.add(number)
        say(f'missing {number}')
    highest = sequence if highest is None else max(highest, sequence)


def work(notification, body):
    """Here your own work begins. The payload is a patient's: it is not for a log."""
    json.loads(body)
    say(f'take {notification}')


def say(text):
    print(text, flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length', 0)))
        if not is_signed(self.headers, body):
            say('refused')
            return self.answer(401)
        with lock:
            self.take(self.headers, body)
        # Any 2xx, and only once the work is done: after it notifyd never sends this again by itself.
        self.answer(204)

    def take(self, headers, body):
        if headers.get('notification-test') == 'true':
            return say('test')
        if headers['webhook-id'] in taken:
            return say('again')
        work(headers.get('notification-type', ''), body)
        taken.add(headers['webhook-id'])
        if 'notification-sequence' in headers:
            count(int(headers['notification-sequence']))

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header('content-length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == '__main__':
    server = ThreadingHTTPServer(('127.0.0.1', int(os.environ.get('PORT', '8090'))), Receiver)
    say(f'listening {server.server_address[1]}')
    server.serve_forever()
