"""Plays the part of Slack that makes requests: signs them with Slack's own SDK.

Reads one JSON object a line, with `body`, and writes one JSON object a line. Without a `url` that is the two headers,
of `timestamp` or of now; with one the body is posted there as `content_type`, and the answer's `status` and `body` come
back. The secret is SLACK_SIGNING_SECRET.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

from slack_sdk.signature import SignatureVerifier

verifier = SignatureVerifier(os.environ["SLACK_SIGNING_SECRET"])
# Straight to the bot, whatever proxy the machine has.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def headers_of(body: str, timestamp: str | None = None) -> dict[str, str]:
    timestamp = timestamp or str(int(time.time()))
    signature = verifier.generate_signature(timestamp=timestamp, body=body)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def posted(url: str, content_type: str, body: str) -> dict[str, object]:
    headers = {"Content-Type": content_type, **headers_of(body)}
    request = urllib.request.Request(url, body.encode(), headers, method="POST")
    try:
        with opener.open(request, timeout=10) as answer:
            return {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.HTTPError as refused:
        return {"status": refused.code, "body": refused.read().decode()}


for line in sys.stdin:
    wanted = json.loads(line)
    if "url" in wanted:
        answer = posted(wanted["url"], wanted["content_type"], wanted["body"])
    else:
        answer = headers_of(wanted["body"], wanted.get("timestamp"))
    print(json.dumps(answer), flush=True)
