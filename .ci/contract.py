"""What the description cannot say, said to schemathesis: which trips there are, and which fields go together."""

import datetime
import os
import random

import schemathesis
from schemathesis import GenerationMode

CHOICE = random.Random(os.environ["CONTRACT_CALLER"])
TRIPS = []
REFRESH_TOKENS = []


def sometimes():
    return CHOICE.random() < 0.5


def from_now(**ahead):
    return lambda: (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**ahead)).isoformat()


# What a field may be that has a rule which no description has; of a time that may be left out schemathesis forgets the format.
KNOWN = {"class": lambda: CHOICE.choice(["standard", "van"]), "pick_up_at": from_now(hours=1), "at": from_now(seconds=0)}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is not None and case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if "nk" in (case.path_parameters or {}) and TRIPS and sometimes():
        case.path_parameters["nk"] = CHOICE.choice(TRIPS)
    if isinstance(case.body, dict):
        case.body.update(fields(case.path))
        # These must be the caller, and a quote for just this, or be left out.
        case.body.pop("rider", None)
        case.body.pop("quote", None)
        several = case.body.get("positions") if case.path == "/api/positions/" else None
        for one in [case.body, *(several or [])]:
            one.update({field: known() for field, known in KNOWN.items() if field in one})


def fields(path):
    """Fields that make a request succeed which would hardly ever do so by chance."""
    if path == "/api/sign_up/" and sometimes():
        return {"username": f"n{CHOICE.getrandbits(64):x}", "password1": "known-to-all", "password2": "known-to-all"}
    if path == "/api/log_in/" and sometimes():
        return {"username": "visitor", "password": "visitor-visitor"}
    if path == "/api/token/refresh/" and REFRESH_TOKENS and sometimes():
        return {"refresh": REFRESH_TOKENS.pop()}
    return {}


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code != 200:
        return
    if case.method.upper() == "GET" and case.path == "/api/trip/":
        TRIPS[:] = [trip["nk"] for trip in response.json()]
    if case.path in ("/api/log_in/", "/api/token/refresh/"):
        REFRESH_TOKENS.append(response.json()["refresh"])
