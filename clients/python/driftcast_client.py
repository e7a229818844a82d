"""Client of the Driftcast API, with nothing but Python's own library.

Written by make-client.py from the OpenAPI document of version 1; do not edit.

    from driftcast_client import Driftcast
    engine = Driftcast("http://127.0.0.1:7117", token=open("token").read().strip())
    for row in engine.list_drifts(stack="web-7")["rows"]:
        print(row["resource"]["id"], row["severity"])

A refusal raises DriftcastError, which holds the engine's problem document.
"""
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request


class DriftcastError(Exception):
    """The engine refused. `status`, and the `problem` (RFC 7807) that says why."""

    def __init__(self, status, problem):
        super().__init__(problem.get("detail") or problem.get("title") or f"status {status}")
        self.status = status
        self.problem = problem


class Driftcast:
    """One engine. Not shared between threads."""

    def __init__(self, url, token=None, ca_file=None, timeout=60):
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._tls = ssl.create_default_context(cafile=ca_file) if url.startswith("https:") else None

    def _call(self, method, path, query=None, body=None, open_=False):
        query = {k: str(v).lower() if isinstance(v, bool) else v for k, v in (query or {}).items() if v is not None}
        url = self._url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = "Bearer " + self._token
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps({k: v for k, v in body.items() if v is not None}).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            response = urllib.request.urlopen(request, timeout=self._timeout, context=self._tls)
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"detail": text.decode(errors="replace")}
            raise DriftcastError(error.code, problem) from None
        if open_:
            return response
        with response:
            text = response.read()
            kind = response.headers.get_content_type()
        if not text:
            return None
        return json.loads(text) if kind.endswith("json") else text.decode()

    def events(self, stack=None, kinds=None, after=None):
        """Live events as (kind, data), until the engine ends the stream. See streamEvents."""
        response = self._call("GET", "/api/v1/events", {"stack": stack, "kinds": kinds, "after": after}, open_=True)
        kind = None
        with response:
            for line in response:
                line = line.decode().rstrip("\n")
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    yield kind, json.loads(line[6:])

    def get_session(self):
        """Who am I, and what may I do?"""
        return self._call('GET', "/api/v1/session")

    def open_session(self, *, token=None, user=None, password=None):
        """Open a session with a one-time token, or a name and password.

        Sets the cookie `driftcast_session` (HttpOnly, SameSite=Strict). The link that `./up`
        prints, `/login?token=...`, does the same and leads to the page. A token works once.
        After five wrong passwords for a name there is one try in ten seconds.

        token (str)
        user (str)
        password (str)
        """
        return self._call('POST', "/api/v1/session", body={"token": token, "user": user, "password": password})

    def close_session(self):
        """Sign out."""
        return self._call('DELETE', "/api/v1/session")

    def make_login_link(self, *, principal=None):
        """Make a one-time link that opens a session.

        What `driftcast login` asks for. Needs the role admin.

        principal (str): Who it is for, as the audit log will say it; left out: who asks.
        """
        return self._call('POST', "/api/v1/login-links", body={"principal": principal})

    def get_overview(self):
        """The fleet in a few figures."""
        return self._call('GET', "/api/v1/overview")

    def list_stacks(self, *, role=None, text=None, sort=None, horizon=None, offset=None, limit=None):
        """Stacks with their health, drift and forecast.

        role (str): Exact role; left out = any.
        text (str): Case-insensitive part of name, key or value.
        sort (str): risk: expected changes at `horizon`, most first.
        horizon (str)
        offset (int)
        limit (int)
        """
        return self._call('GET', "/api/v1/stacks", query={"role": role, "text": text, "sort": sort, "horizon": horizon, "offset": offset, "limit": limit})

    def get_stack(self, stack):
        """One stack.

        stack (str)
        """
        return self._call('GET', f"/api/v1/stacks/{urllib.parse.quote(str(stack), safe='')}")

    def list_resources(self, *, stack=None, role=None, kind=None, status=None, text=None, sort=None, horizon=None, offset=None, limit=None):
        """Resources, filtered, sorted, page by page.

        stack (str): Exact stack id; left out = any.
        role (str): Exact role; left out = any.
        kind (str): Exact kind of resource; left out = any.
        status (str): Only this status.
        text (str): Case-insensitive part of name, key or value.
        sort (str): risk: P(change) at `horizon`, most first; changed: newest first; severity:
            most first.
        horizon (str): For sort=risk; default 7d.
        offset (int)
        limit (int)
        """
        return self._call('GET', "/api/v1/resources", query={"stack": stack, "role": role, "kind": kind, "status": status, "text": text, "sort": sort, "horizon": horizon, "offset": offset, "limit": limit})

    def get_resource(self, id):
        """One resource: expected, observed and forecast, key by key.

        id (str): Resource id: stack/kind/name, percent-encoded as any query value.
        """
        return self._call('GET', "/api/v1/resource", query={"id": id})

    def get_history(self, id, *, from_=None, to=None, limit=None):
        """What moved, newest first.

        id (str): Resource id: stack/kind/name, percent-encoded as any query value.
        from_ (str): Inclusive.
        to (str): Exclusive; left out = now.
        limit (int)
        """
        return self._call('GET', "/api/v1/resource/history", query={"id": id, "from": from_, "to": to, "limit": limit})

    def get_state(self, id, at):
        """The observed configuration at a moment in the past.

        id (str): Resource id: stack/kind/name, percent-encoded as any query value.
        at (str)
        """
        return self._call('GET', "/api/v1/resource/state", query={"id": id, "at": at})

    def accept_resource(self, resource, reason, *, paths=None):
        """Expect what is observed.

        Needs the role operator.

        resource (str): Resource id.
        paths (list): Only these keys; left out or empty = everything observed.
        reason (str)
        """
        return self._call('POST', "/api/v1/resource/accept", body={"resource": resource, "paths": paths, "reason": reason})

    def set_expectations(self, expectations, *, reason=None):
        """Declare what resources should be.

        All of them or none. What `driftcast provision` sends. Needs the role operator.

        expectations (list)
        reason (str)
        """
        return self._call('POST', "/api/v1/expectations", body={"expectations": expectations, "reason": reason})

    def list_drifts(self, *, stack=None, resource=None, cause=None, open=None, at=None, offset=None, limit=None):
        """Drifts, newest first.

        stack (str): Exact stack id; left out = any.
        resource (str): Exact resource id; left out = any.
        cause (str): `kind:id` of a cause, as in `person:session-41`; left out = any.
        open (bool): false: closed ones too.
        at (str): Those that were open at this moment, as far as closed ones are kept, with what
            is known of them now.
        offset (int)
        limit (int)
        """
        return self._call('GET', "/api/v1/drifts", query={"stack": stack, "resource": resource, "cause": cause, "open": open, "at": at, "offset": offset, "limit": limit})

    def list_drift_causes(self, *, stack=None, at=None, limit=None):
        """Open drifts grouped by cause, most severe first.

        stack (str): Exact stack id; left out = any.
        at (str): Those that were open at this moment, as far as closed ones are kept, with what
            is known of them now.
        limit (int)
        """
        return self._call('GET', "/api/v1/drifts/causes", query={"stack": stack, "at": at, "limit": limit})

    def get_drift(self, drift):
        """One drift.

        drift (str)
        """
        return self._call('GET', f"/api/v1/drifts/{urllib.parse.quote(str(drift), safe='')}")

    def list_predictions(self, *, stack=None, role=None, kind=None, text=None, alerts=None, offset=None, limit=None):
        """Predictions by expected loss (P(drift) at the alert horizon x severity), most first.

        stack (str): Exact stack id; left out = any.
        role (str): Exact role; left out = any.
        kind (str): Exact kind of resource; left out = any.
        text (str): Case-insensitive part of name, key or value.
        alerts (bool): Only those at or above the alert threshold.
        offset (int)
        limit (int)
        """
        return self._call('GET', "/api/v1/predictions", query={"stack": stack, "role": role, "kind": kind, "text": text, "alerts": alerts, "offset": offset, "limit": limit})

    def get_prediction(self, id):
        """The prediction of one resource.

        id (str): Resource id: stack/kind/name, percent-encoded as any query value.
        """
        return self._call('GET', "/api/v1/prediction", query={"id": id})

    def get_track_record(self, *, of=None):
        """How good the predictions have been.

        of (str): What was foretold: changes of configuration, or limits that series reach.
        """
        return self._call('GET', "/api/v1/track-record", query={"of": of})

    def list_plans(self, *, stack=None, trigger=None, resource=None, state=None, offset=None, limit=None):
        """Plans, best first for each trigger.

        stack (str): Exact stack id; left out = any.
        trigger (str): Id of a drift, or `prediction:` and a resource id.
        resource (str): Exact resource id.
        state (str): waiting: proposed; active: approved, sent, running or verifying; ended:
            final.
        offset (int)
        limit (int)
        """
        return self._call('GET', "/api/v1/plans", query={"stack": stack, "trigger": trigger, "resource": resource, "state": state, "offset": offset, "limit": limit})

    def write_plan(self, stack, title, steps, *, why=None, trigger=None, strategy=None, reason=None):
        """Write a plan by hand, or an edited one.

        Base, estimates, hash and whether a step can be undone are worked out by the engine. It
        is then decided about like any other. Needs the role operator.

        stack (str)
        title (str)
        why (str)
        trigger (str): Id of the drift or prediction that it answers; left out: that of the
            first step's resource.
        strategy (str)
        steps (list)
        reason (str)
        """
        return self._call('POST', "/api/v1/plans", body={"stack": stack, "title": title, "why": why, "trigger": trigger, "strategy": strategy, "steps": steps, "reason": reason})

    def get_plan(self, plan):
        """One plan.

        plan (str)
        """
        return self._call('GET', f"/api/v1/plans/{urllib.parse.quote(str(plan), safe='')}")

    def decide_plan(self, plan, verdict, plan_hash, *, reason=None, not_before=None, until=None, proof=None):
        """Approve, schedule, reject, override or cancel.

        409 when the plan has changed since `plan_hash`, when its state does not allow the
        verdict, or when the host does not allow its steps (approve only). Needs the role
        approver.

        plan (str)
        verdict (str): `undo` takes back an applied plan by a plan of its own (the answer);
            `done` says that a person did it, and the engine looks; `override` also takes over
            while it runs.
        plan_hash (str): The hash that you saw. A plan that has changed since is refused with
            409.
        reason (str): Required for override and reject.
        not_before (str): Schedule it; null or left out = now.
        until (str): For override: quiet until then; null = for good.
        proof (dict): An assertion of Web Authentication over the challenge; each part in
            base64url. Needed where the host wants it.
        """
        return self._call('POST', f"/api/v1/plans/{urllib.parse.quote(str(plan), safe='')}/decision", body={"verdict": verdict, "plan_hash": plan_hash, "reason": reason, "not_before": not_before, "until": until, "proof": proof})

    def decide_resource(self, resource, verdict, reason, *, until=None):
        """Snooze or override a resource.

        Needs the role operator.

        resource (str): Resource id.
        verdict (str)
        reason (str)
        until (str): null = for good (override only).
        """
        return self._call('POST', "/api/v1/decisions", body={"resource": resource, "verdict": verdict, "reason": reason, "until": until})

    def list_rules(self):
        """Which differences are no drift."""
        return self._call('GET', "/api/v1/rules")

    def set_rule(self, resource_glob, key_glob, reason, *, id=None, expires_at=None, alarm_only=None):
        """Set an ignore rule; one with the same id is replaced.

        Needs the role operator.

        id (str): Left out: a new one is made.
        resource_glob (str)
        key_glob (str)
        reason (str)
        expires_at (str)
        alarm_only (bool): Default true.
        """
        return self._call('POST', "/api/v1/rules", body={"id": id, "resource_glob": resource_glob, "key_glob": key_glob, "reason": reason, "expires_at": expires_at, "alarm_only": alarm_only})

    def preview_rule(self, resource_glob, key_glob):
        """What a rule would quiet, and would have quieted.

        Changes nothing.

        resource_glob (str)
        key_glob (str)
        """
        return self._call('POST', "/api/v1/rules/preview", body={"resource_glob": resource_glob, "key_glob": key_glob})

    def delete_rule(self, rule):
        """Remove an ignore rule.

        Needs the role operator.

        rule (str)
        """
        return self._call('DELETE', f"/api/v1/rules/{urllib.parse.quote(str(rule), safe='')}")

    def list_activities(self, stack, *, limit=None):
        """What people and programs did on a stack, newest first.

        stack (str)
        limit (int)
        """
        return self._call('GET', "/api/v1/activities", query={"stack": stack, "limit": limit})

    def report_activity(self, kind, id, text, *, stack=None, role=None, actor=None, started_at=None, ended_at=None, resources=None):
        """Say that something was deployed, or happened.

        Needs the role operator.

        stack (str): Which stack it is about; or
        role (str): all stacks of this role.
        kind (str)
        id (str): Unique within stack and kind; the same one again replaces it.
        text (str): For people.
        actor (str): Who; default: who asks.
        started_at (str): Default: now.
        ended_at (str): Default: when it started.
        resources (list): kind/name of what it touched.
        """
        return self._call('POST', "/api/v1/activities", body={"stack": stack, "role": role, "kind": kind, "id": id, "text": text, "actor": actor, "started_at": started_at, "ended_at": ended_at, "resources": resources})

    def list_agents(self):
        """Agents, their state and what they cost."""
        return self._call('GET', "/api/v1/agents")

    def revoke_agent(self, agent, reason):
        """Revoke an agent's certificate.

        Needs the role admin.

        agent (str)
        reason (str)
        """
        return self._call('POST', f"/api/v1/agents/{urllib.parse.quote(str(agent), safe='')}/revoke", body={"reason": reason})

    def list_join_tokens(self):
        """One-time tokens by which agents enrol.

        Needs the role admin.
        """
        return self._call('GET', "/api/v1/join-tokens")

    def make_join_token(self, *, role=None, note=None, ttl_s=None):
        """Make a join token.

        Needs the role admin.

        role (str)
        note (str)
        ttl_s (int)
        """
        return self._call('POST', "/api/v1/join-tokens", body={"role": role, "note": note, "ttl_s": ttl_s})

    def delete_join_token(self, token):
        """Withdraw a join token.

        Needs the role admin.

        token (str): Its id, not the secret.
        """
        return self._call('DELETE', f"/api/v1/join-tokens/{urllib.parse.quote(str(token), safe='')}")

    def list_tokens(self):
        """API tokens.

        Needs the role admin.
        """
        return self._call('GET', "/api/v1/tokens")

    def make_token(self, name, role, *, ttl_s=None, stacks=None):
        """Make an API token.

        Needs the role admin.

        name (str)
        role (str)
        ttl_s (dict): null or left out = does not expire.
        stacks (list): Globs over the stacks that may be seen and acted on; empty = all.
        """
        return self._call('POST', "/api/v1/tokens", body={"name": name, "role": role, "ttl_s": ttl_s, "stacks": stacks})

    def delete_token(self, token):
        """Revoke an API token.

        Needs the role admin.

        token (str): Its id, not the secret.
        """
        return self._call('DELETE', f"/api/v1/tokens/{urllib.parse.quote(str(token), safe='')}")

    def list_audit(self, *, before=None, subject=None, limit=None):
        """The audit log, newest first.

        before (int): Entries with a smaller number; left out = the newest.
        subject (str): Exact subject: a plan id, resource id, ...; left out = any.
        limit (int)
        """
        return self._call('GET', "/api/v1/audit", query={"before": before, "subject": subject, "limit": limit})

    def verify_audit(self):
        """Check the hash chain from the first entry."""
        return self._call('GET', "/api/v1/audit/verify")

    def list_series(self, stack):
        """Metric series and their newest value.

        stack (str)
        """
        return self._call('GET', "/api/v1/series", query={"stack": stack})

    def get_points(self, stack, resource_kind, resource_name, metric, *, from_=None, to=None, limit=None):
        """Points of one series.

        stack (str)
        resource_kind (str)
        resource_name (str)
        metric (str)
        from_ (str): Inclusive.
        to (str): Exclusive; left out = now.
        limit (int): The newest ones within the range.
        """
        return self._call('GET', "/api/v1/series/points", query={"stack": stack, "resource_kind": resource_kind, "resource_name": resource_name, "metric": metric, "from": from_, "to": to, "limit": limit})

    def get_outlook(self, stack, resource_kind, metric, *, resource_name=None, from_=None, to=None, horizon_s=None, rows=None):
        """A series on one time axis: points with what was expected, what was unusual, forecast, limit.

        stack (str)
        resource_kind (str)
        resource_name (str): Empty for the host's own series.
        metric (str)
        from_ (str): Inclusive.
        to (str): Exclusive; left out = now.
        horizon_s (int)
        rows (int)
        """
        return self._call('GET', "/api/v1/series/outlook", query={"stack": stack, "resource_kind": resource_kind, "resource_name": resource_name, "metric": metric, "from": from_, "to": to, "horizon_s": horizon_s, "rows": rows})

    def list_crossings(self, *, stack=None, horizon_s=None):
        """Series that may run into their limits, most probable first.

        stack (str)
        horizon_s (int)
        """
        return self._call('GET', "/api/v1/crossings", query={"stack": stack, "horizon_s": horizon_s})

    def search(self, q, *, limit=None):
        """Find anything by a part of its name, key, value, role or person.

        q (str)
        limit (int)
        """
        return self._call('GET', "/api/v1/search", query={"q": q, "limit": limit})

    def health(self):
        """The process is alive."""
        return self._call('GET', "/healthz")

    def ready(self):
        """The store is open and the shard answers."""
        return self._call('GET', "/readyz")

    def metrics(self):
        """Prometheus metrics of the engine."""
        return self._call('GET', "/metrics")

    def openapi(self):
        """This document."""
        return self._call('GET', "/openapi.json")

    def change_password(self, current, next):
        """Change your own password. Every session of yours ends.

        current (str)
        next (str)
        """
        return self._call('POST', "/api/v1/session/password", body={"current": current, "next": next})

    def sign_in_ways(self):
        """How one can sign in here."""
        return self._call('GET', "/api/v1/sign-in")

    def list_users(self):
        """People who sign in with a password.

        Needs the role admin.
        """
        return self._call('GET', "/api/v1/users")

    def make_user(self, name, password, role, *, stacks=None):
        """Let somebody sign in with a password.

        Needs the role admin. Of the password only its Argon2id hash is kept.

        name (str)
        password (str)
        role (str)
        stacks (list): Globs over the stacks that may be seen and acted on; empty = all.
        """
        return self._call('POST', "/api/v1/users", body={"name": name, "password": password, "role": role, "stacks": stacks})

    def delete_user(self, user):
        """Take somebody's access away. Their sessions end at once.

        Needs the role admin.

        user (str)
        """
        return self._call('DELETE', f"/api/v1/users/{urllib.parse.quote(str(user), safe='')}")

    def get_peers(self, id):
        """The same resource in similar stacks, those that changed last first.

        id (str): Resource id: stack/kind/name, percent-encoded as any query value.
        """
        return self._call('GET', "/api/v1/prediction/peers", query={"id": id})

    def propose_rules(self, *, limit=None):
        """Ignore rules that the past speaks for: keys that drift again and again, mildly, and that nobody put back by a plan.

        limit (int)
        """
        return self._call('GET', "/api/v1/rules/proposals", query={"limit": limit})

    def get_policy(self):
        """The policy in force, and the next windows."""
        return self._call('GET', "/api/v1/policy")

    def set_policy(self, text, *, reason=None):
        """Make a policy the one in force.

        The text is kept with the time zones that it names. Needs the role admin.

        text (str)
        reason (str)
        """
        return self._call('POST', "/api/v1/policy", body={"text": text, "reason": reason})

    def list_pauses(self):
        """Where nothing is begun for now, because people work there."""
        return self._call('GET', "/api/v1/pauses")

    def set_pause(self, resource_glob, reason, until):
        """Begin nothing on what the glob covers, until a time.

        Plans under way go on. Needs the role operator.

        resource_glob (str)
        reason (str)
        until (str)
        """
        return self._call('POST', "/api/v1/pauses", body={"resource_glob": resource_glob, "reason": reason, "until": until})

    def lift_pause(self, pause):
        """Lift a pause before its end.

        Needs the role operator.

        pause (str)
        """
        return self._call('DELETE', f"/api/v1/pauses/{urllib.parse.quote(str(pause), safe='')}")

    def get_plan_artefact(self, plan, *, format=None):
        """The plan for tools that people have.

        409 when a step has no counterpart there: nothing is left out silently.

        plan (str)
        format (str): Steps in words, or an Ansible playbook.
        """
        return self._call('GET', f"/api/v1/plans/{urllib.parse.quote(str(plan), safe='')}/artefact", query={"format": format})

    def list_models(self):
        """Models of the forecast that serve or can serve again, newest first.

        And what is known of their refit on the site's own past.
        """
        return self._call('GET', "/api/v1/models")

    def refit_model(self, *, reason=None):
        """Refit the model on the site's own past, in the background.

        The refitted model serves if it was better on days that neither had learnt from. 409
        while a refit is under way. Needs the role operator.

        reason (str)
        """
        return self._call('POST', "/api/v1/models/refit", body={"reason": reason})

    def use_model(self, version, reason):
        """Let a model serve that served before.

        Needs the role admin.

        version (str)
        reason (str)
        """
        return self._call('POST', "/api/v1/models/use", body={"version": version, "reason": reason})

    def list_feeds(self):
        """Sources of outside knowledge, and how old each is."""
        return self._call('GET', "/api/v1/feeds")

    def publish_feed(self, feed, *, format=None, digest=None, source=None, fetched_at=None, newest_at=None, records=None, warnings=None, warning_samples=None, error=None):
        """Replace a feed's content by what was uploaded, or say that an attempt failed.

        Needs the role admin. Content is made by `driftcast feeds`.

        feed (str): a-z, 0-9, '-', '_' and '.'; at most 64.
        format (str): As in Feed.
        digest (str): Of the content that was uploaded before; empty = the content stays.
        source (str): Address or file.
        fetched_at (str): Default: now.
        newest_at (str): Of its newest record.
        records (int): In the content.
        warnings (int): Records that could not be used.
        warning_samples (list)
        error (str): Why an attempt failed.
        """
        return self._call('POST', "/api/v1/feeds", body={"feed": feed, "format": format, "digest": digest, "source": source, "fetched_at": fetched_at, "newest_at": newest_at, "records": records, "warnings": warnings, "warning_samples": warning_samples, "error": error})

    def upload_feed(self, digest, offset, data):
        """Upload a feed's content, piece by piece.

        Needs the role admin. One upload at a time.

        digest (str): SHA-256 of the whole, hex.
        offset (int): Of the piece in the whole, in bytes. 0 begins again.
        data (str): The piece, base64; at most 1 MiB of text.
        """
        return self._call('POST', "/api/v1/feeds/upload", body={"digest": digest, "offset": offset, "data": data})

    def update_feeds(self, *, feed=None):
        """Ask the configured feeds now.

        Needs the role operator. The answer comes before the feeds are read: their state says
        when they are.

        feed (str): One of the configured ones; left out = all.
        """
        return self._call('POST', "/api/v1/feeds/update", body={"feed": feed})

    def delete_feed(self, feed):
        """Forget a feed and what it said.

        Needs the role admin.

        feed (str)
        """
        return self._call('DELETE', f"/api/v1/feeds/{urllib.parse.quote(str(feed), safe='')}")

    def alertmanager_hook(self, alerts):
        """Take incidents from Alertmanager's webhook.

        Needs the role operator: give Alertmanager an API token as bearer.

        alerts (list): As Alertmanager's webhook (version 4) sends them.
        """
        return self._call('POST', "/api/v1/hooks/alertmanager", body={"alerts": alerts})

    def list_exposures(self, *, stack=None, role=None, text=None, exploited=None, fixable=None, offset=None, limit=None):
        """Vulnerabilities that are open in the fleet, worst first, each once per source package.

        stack (str): Exact; left out = any.
        role (str): Exact; left out = any.
        text (str): Part of id, advisory, package or summary, in any case.
        exploited (bool): Only those used in attacks.
        fixable (bool): Only those with a fix.
        offset (int)
        limit (int)
        """
        return self._call('GET', "/api/v1/exposures", query={"stack": stack, "role": role, "text": text, "exploited": exploited, "fixable": fixable, "offset": offset, "limit": limit})

    def list_indicators(self, *, stack=None, offset=None, limit=None):
        """Indicators of threat feeds that were met on hosts, worst first.

        stack (str): Exact; left out = any.
        offset (int)
        limit (int)
        """
        return self._call('GET', "/api/v1/indicators", query={"stack": stack, "offset": offset, "limit": limit})

    def list_keys(self):
        """Your keys for approvals.

        Needs the role approver.
        """
        return self._call('GET', "/api/v1/keys")

    def add_key(self, id, title, site, public_key):
        """Register a key that you approve plans with.

        The key stays in your authenticator; its public half is given. Needs the role approver.

        id (str): The credential's id, base64url.
        title (str)
        site (str)
        public_key (str): SubjectPublicKeyInfo, base64url: P-256, Ed25519 or RSA of 2048 bits or
            more.
        """
        return self._call('POST', "/api/v1/keys", body={"id": id, "title": title, "site": site, "public_key": public_key})

    def remove_key(self, key):
        """Remove one of your keys.

        Hosts that name it in their allow-list believe it until the line is taken out there.
        Needs the role approver.

        key (str): Its id.
        """
        return self._call('DELETE', f"/api/v1/keys/{urllib.parse.quote(str(key), safe='')}")

    def plan_challenge(self, plan):
        """What your key has to sign to approve this plan.

        For navigator.credentials.get(). Needs the role approver.

        plan (str)
        """
        return self._call('GET', f"/api/v1/plans/{urllib.parse.quote(str(plan), safe='')}/challenge")
