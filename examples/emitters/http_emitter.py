"""Asks over HTTP that a model forgets a subject. Standard library only.

python3 http_emitter.py BASE_URL MODEL SUBJECT
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timezone

base, model_key, subject = sys.argv[1:4]
headers = {"content-type": "application/json"}
if "LETHE_TOKEN" in os.environ:
    headers["authorization"] = f"Bearer {os.environ['LETHE_TOKEN']}"
# Made once, and sent again as it is for as long as there is no answer: it counts once.
body = json.dumps(
    {
        "request_id": str(uuid.uuid4()),
        "emitter": "shop",
        "model_key": model_key,
        "scope": {"subject": subject},
        "regulation": "REGULATION_GDPR",
        "submitted_time": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
    }
).encode()

for attempt in range(1, 9):
    try:
        request = urllib.request.Request(f"{base}/v1/deletions", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            # Keep the receipt: it says what was promised, signed.
            print(answer.read().decode())
        break
    except urllib.error.HTTPError as error:
        # Wrong input stays wrong: the answer names the field and the remedy.
        if error.code < 500 and error.code != 429 or attempt == 8:
            sys.exit(error.read().decode())
    except OSError as error:
        if attempt == 8:
            sys.exit(str(error))
    time.sleep(min(30, 0.25 * 2**attempt))
