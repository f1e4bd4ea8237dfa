"""A program that builds on Siaga, without any library: the same as city.ts.

    python3 docs/examples/city.py rivers
    python3 docs/examples/city.py day kreo-cepoko
    python3 docs/examples/city.py nearest -6.9932 110.4203
    python3 docs/examples/city.py incident -6.9932 110.4203

SIAGA_URL says where Siaga is (http://127.0.0.1:3000 where absent), SIAGA_TOKEN who you are; the first two need none.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

URL = os.environ.get("SIAGA_URL", "http://127.0.0.1:3000").rstrip("/")
TOKEN = os.environ.get("SIAGA_TOKEN")
TIMEOUT_S = 30


class Problem(Exception):
    """A call that was refused: RFC 9457, the kind of problem in `slug`, what to do about it as the message."""

    def __init__(self, problem):
        super().__init__(problem["detail"])
        self.slug = problem["type"].rsplit(":", 1)[-1]


def call(method, path, query=None, body=None, key=None):
    """The answer of a call as Python holds JSON. Raises Problem where it was refused."""
    headers = {"Accept": "application/json"}
    if TOKEN:
        headers["Authorization"] = f"Bearer {TOKEN}"
    if key:
        headers["Idempotency-Key"] = key
    if body is not None:
        headers["Content-Type"] = "application/json"
    url = URL + path + ("?" + urllib.parse.urlencode(query) if query else "")
    payload = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, payload, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Problem(json.load(error)) from None


def show_rivers():
    """Every open alert of a river, page by page."""
    query = {"state": "open", "limit": 50}
    while query:
        page = call("GET", "/v1/alerts", query)
        for alert in page["alerts"]:
            if alert["rule"] == "river-level":
                level = f"{alert['value']} {alert['unit']}"
                print(f"{alert['subjectName']}: {alert['severity']}, {alert['label']['id']}, {level}")
        query = {"cursor": page["next"]} if "next" in page else None


def show_day(device):
    """The highest level of each hour of the last day."""
    query = {"every": "1h", "fn": "max", "quantities": "levelM"}
    page = call("GET", f"/v1/devices/{device}/readings", query)
    for point in page["points"]:
        print(point["at"], point["values"]["levelM"], page["units"]["levelM"])


def show_nearest(lat, lng):
    found = call("GET", "/v1/ambulances/nearest", {"lat": lat, "lng": lng, "limit": 3})
    for candidate in found["candidates"]:
        print(f"{candidate['unit']} in {round(candidate['etaS'])} s: {candidate['reason']}")
    if "shortfall" in found:
        print(found["shortfall"])


def run_incident(lat, lng):
    """From the call to the close. A new key for each deed: sent again after a break, it does the same once."""
    report = {"classification": "real", "category": "fall", "priority": 2, "simulated": True}
    incident = call("POST", "/v1/incidents", body={**report, "lat": lat, "lng": lng}, key=str(uuid.uuid4()))
    path = f"/v1/incidents/{incident['id']}"
    print(f"incident {incident['id']} is open")
    found = call("GET", f"{path}/recommendation", {"role": "first-aid"})["firstAid"]
    if not found["candidates"]:
        raise SystemExit(found.get("shortfall", "nobody can be sent"))
    assignment = assign(path, found["candidates"][0])
    print(f"{assignment['unit']} is sent")
    for status in ("en-route", "on-scene", "completed"):
        moved = call("POST", f"{path}/assignments/{assignment['id']}/status", body={"status": status})
        print(f"{moved['unit']} is {moved['step']}")
    closed = call("POST", f"{path}/close", body={"outcome": "treated"})
    print(f"incident {closed['id']} is {closed['state']}: {closed['outcome']}")


def assign(path, candidate):
    """A warning, such as a crew whose connection is not open, asks for a reason: here a person would decide."""
    body = {"unit": candidate["unit"], "unitVersion": candidate["unitVersion"]}
    try:
        return call("POST", f"{path}/assignments", body=body, key=str(uuid.uuid4()))
    except Problem as problem:
        if problem.slug != "needs-reason":
            raise
        print(f"a reason is needed: {problem}")
        body["forceReason"] = "the crew was told by radio"
        return call("POST", f"{path}/assignments", body=body, key=str(uuid.uuid4()))


def main(command="", *words):
    if command == "rivers":
        show_rivers()
    elif command == "day":
        show_day(*words)
    elif command == "nearest":
        show_nearest(*map(float, words))
    elif command == "incident":
        run_incident(*map(float, words))
    else:
        print("rivers | day DEVICE | nearest LAT LNG | incident LAT LNG")


if __name__ == "__main__":
    main(*sys.argv[1:])
