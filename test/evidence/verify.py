#!/usr/bin/env python3
"""Verifies Lethe's evidence with Python's standard library alone; shares no code with Lethe.

usage: verify.py KEY_SET SCHEMA_FOLDER FILE... [--now 2026-01-31T09:30:00.000Z]
Prints one line per file: verdict, tab, path. Written from docs/evidence.md, RFC 8032 and DSSE.
"""
import base64, hashlib, json, os, re, sys
from datetime import datetime, timedelta, timezone

# --- Ed25519 (RFC 8032, 5.1), extended coordinates -------------------------------------------
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)

def add(a, b):
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return (e * f % P, g * h % P, f * g % P, e * h % P)

def mul(s, p):
    q = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            q = add(q, p)
        p, s = add(p, p), s >> 1
    return q

def decompress(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * I % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)

BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def signed_by(public, message, signature):
    if len(signature) != 64:
        return False
    a, s = decompress(public), int.from_bytes(signature[32:], "little")
    if a is None or s >= L or decompress(signature[:32]) is None:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    minus_a = (P - a[0], a[1], 1, P - a[3])
    q = add(mul(s, BASE), mul(int.from_bytes(digest, "little") % L, minus_a))
    r = decompress(signature[:32])
    return (q[0] - r[0] * q[2]) % P == 0 and (q[1] - r[1] * q[2]) % P == 0

# --- the part of JSON Schema that the published schemas use -----------------------------------
def fits(value, schema, root):
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].split("/")[-1]]
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    kind = schema.get("type")
    if kind == "string":
        return isinstance(value, str) and re.fullmatch(schema["pattern"][1:-1], value) is not None
    if kind == "integer":
        whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
        return whole and schema["minimum"] <= value <= schema["maximum"]
    if kind == "array":
        enough = isinstance(value, list) and len(value) >= schema.get("minItems", 0)
        return enough and all(fits(item, schema["items"], root) for item in value)
    if kind == "object":
        if not isinstance(value, dict) or not all(name in value for name in schema["required"]):
            return False
        known = schema["properties"]
        return all(name in known and fits(each, known[name], root) for name, each in value.items())
    return True

# --- DSSE, key set, times -------------------------------------------------------------------
def strict_json(raw):
    return json.loads(raw.decode("utf-8"), parse_constant=lambda name: int("no " + name))

def base64_of(text):
    standard = text.replace("-", "+").replace("_", "/")
    raw = base64.b64decode(standard, validate=True)
    if base64.b64encode(raw).decode() != standard:
        raise ValueError("not base64")
    return raw

def check(signature, payload, keys, schemas, now):
    key = keys.get(signature["keyid"])
    if key is None:
        return "unknown_key"
    kind = b"application/vnd.in-toto+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    if not signed_by(base64.b64decode(key["public_key"]), message, base64_of(signature["sig"])):
        return "bad_signature"
    try:
        statement = strict_json(payload)
        schema = schemas[statement["predicateType"]]
    except (ValueError, KeyError, TypeError):
        return "malformed"
    if not fits(statement, schema, schema):
        return "malformed"
    issued, revoked = statement["predicate"]["issued_time"], key.get("revoked_time")
    if revoked and (key.get("revocation_reason") != "retired" or issued >= revoked):
        return "revoked_key"
    if issued < key["not_before"] or issued > key.get("not_after", "9999"):
        return "outside_key_validity"
    latest = datetime.fromisoformat(now.replace("Z", "+00:00")) + timedelta(minutes=5)
    return "from_the_future" if issued > stamp(latest) else "valid"

def stamp(time):
    return time.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

def verdict(raw, keys, schemas, now):
    try:
        envelope = strict_json(raw)
        if set(envelope) != {"payloadType", "payload", "signatures"}:
            return "malformed"
        payload, signatures = base64_of(envelope["payload"]), envelope["signatures"]
        if not isinstance(signatures, list) or not 1 <= len(signatures) <= 16:
            return "malformed"
        for each in signatures:
            if set(each) != {"keyid", "sig"} or not isinstance(each["keyid"], str):
                return "malformed"
            base64_of(each["sig"])
    except (ValueError, AttributeError, TypeError):
        return "malformed"
    if envelope["payloadType"] != "application/vnd.in-toto+json":
        return "malformed"
    found = [check(each, payload, keys, schemas, now) for each in signatures]
    return "valid" if "valid" in found else found[0]

if __name__ == "__main__":
    arguments, now = sys.argv[1:], stamp(datetime.now(timezone.utc))
    if "--now" in arguments:
        now = arguments.pop(arguments.index("--now") + 1)
        arguments.remove("--now")
    key_file, schema_folder, files = arguments[0], arguments[1], arguments[2:]
    keys = {key["key_id"]: key for key in json.load(open(key_file, encoding="utf-8"))["keys"]}
    schemas = {}
    for name in os.listdir(schema_folder):
        schema = json.load(open(os.path.join(schema_folder, name), encoding="utf-8"))
        schemas[schema["properties"]["predicateType"]["const"]] = schema
    for path in files:
        print(verdict(open(path, "rb").read(), keys, schemas, now), path, sep="\t")
