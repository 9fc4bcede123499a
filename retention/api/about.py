"""What the description of the API says first."""

ABOUT = """\
The same records, permissions and actions as the pages.

**Who calls.** Send `Authorization: Token …` with each call. A token acts as the person it was issued to: they see what
they see on the pages and may do what they may do there. `python manage.py issue_token EMAIL` issues one, and ends the
one before. Other systems send signals, orders and incidents with the token of an integration.

**What is refused.** 401: no valid token. 404: there is no such record, or the caller may not see it. 403: they see it,
and may not do this. 409: somebody else was first, or its state does not allow it. 400: something is wrong with what was
sent. 413: it is too large. 429: too many calls in a minute. Every refusal has one shape:
`{"detail": "a sentence", "errors": [{"field": "data.days_late", "reason": "a sentence"}]}`.

**Lists** come newest first, 100 at a time (`page_size` up to 1000), with the addresses of the next and the previous
page. A filter that does not exist is refused.

**How things are written.** Ids are UUIDs. Times are ISO 8601, answered in UTC. Money is a decimal string in the
organisation's currency (`"1250.00"`); risks, shares, points and what is computed from them are numbers.

**Many at once.** `signals/bulk` and `incidents/bulk` take up to 5,000 items in a call. Each is created, updated, left
unchanged or refused by itself, with the fields and reasons; one that is wrong spoils no other. Records are known by
`source` and `external_id`, so that a call may be repeated after any failure. A signal sent again with other values
replaces the one before; an incident that is known stays as people have left it. Accounts and orders can be named by
the ids of the system that sends them (`account_external_id`, and `account_source` where it is another).
"""
