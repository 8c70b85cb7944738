"""The workspace that a load run plays in: its accounts, queues and agents, with the vendors' side at
the load generator itself. What tools/loadgen/run, tools/bench and the tests have in common."""

import hashlib
import hmac
import json

from stack import wait_until

SUPERVISOR = "supervisor"
WORKSPACE = "load"
NUMBER = "+14155550198"
TEXT_CHANNELS = ["sms", "whatsapp", "open"]
# What a run may want otherwise: times of the workspace, and the ports of the vendors' side, which two
# runs at once cannot share.
RULES = {"sms_sink": "load_sms", "email_sink": "load_email", "whatsapp_sink": "load_whatsapp",
         "open_sink": "load_open",
         "first_response": "10m", "queue_answer": "2m", "ambiguity_wait": "60s",
         "offer_timeout": "30s", "heartbeat_timeout": "60s"}


# What a supervisor may ask of a service; any answer shows that his token is known.
QUESTIONS = {"reporting": ("kpis",), "profile": ("customers", "timeline", "+12122000000")}


def agent_names(count):
    return [f"agent-{number:04}" for number in range(1, count + 1)]


def number_of(workspace):
    """A telephone number belongs to one account of all workspaces."""
    if workspace == WORKSPACE:
        return NUMBER
    digest = int(hashlib.sha256(workspace.encode()).hexdigest(), 16)
    return f"+1415{2_000_000 + digest % 8_000_000}"


def make(trama, workspace=WORKSPACE, agents=20, is_known=True, rules=None):
    """Applies the workspace to a running stack and writes what the load generator has to know of it;
    the file. Again does no harm. Waits until routing knows it, if `is_known`. `rules`: those that are
    not as in RULES."""
    rules = {**RULES, **(rules or {})}
    names = agent_names(agents)
    tokens = _let_in(trama, workspace, {SUPERVISOR: ["supervisor", "agent"],
                                        **{name: ["agent"] for name in names}})
    resources = trama.folder / f"{workspace}.yaml"
    # JSON is YAML, too.
    resources.write_text("\n---\n".join(map(
        json.dumps, _resources(trama, workspace, names, rules))))
    trama.tramactl("apply", "-f", resources)
    world = {
        "workspace": workspace,
        "supervisor_token": tokens[SUPERVISOR],
        "agents": [{"name": name, "token": tokens[name]} for name in names],
        "channels": _channels(trama, workspace, rules),
    }
    path = trama.folder / f"{workspace}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(world, indent=1))
    if is_known:
        wait_until_known(trama, path)
    return path


def _let_in(trama, workspace, roles):
    """Makes tokens for people of the workspace, name -> roles; the tokens by name. Services read the
    file again within seconds."""
    key = trama.secret(f"people-{workspace}").encode()
    tokens = {name: hmac.digest(key, name.encode(), "sha256").hex() for name in roles}
    entries = [trama.token_entry(tokens[name], name, workspace, roles[name]) for name in roles]
    path = trama.secrets / f"more-tokens-{workspace}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(entries))
    trama.make_secrets()
    return tokens


def wait_until_known(trama, world):
    """Every replica that runs must know the tokens, and routing's the last agent: both come to it by
    themselves. `world`: the file of make()."""
    facts = json.loads(world.read_text())
    agent, workspace = facts["agents"][-1], facts["workspace"]

    def ask(service, name, token, *what):
        return trama.tramactl("-w", workspace, "--token", token, f"--{service}-address",
                              trama.at(name), *what, check=False)

    def knows(service, name):
        if service == "routing":
            return ask(service, name, agent["token"], "agent", agent["name"], "offline").returncode == 0
        said = ask(service, name, facts["supervisor_token"], *QUESTIONS[service])
        return "token is unknown" not in said.stderr
    for name, service in trama.replicas().items():
        if service == "routing" or (service in QUESTIONS and trama.process(name).pid()):
            wait_until(f"{name} knows {agent['name']} of {workspace}", lambda: knows(service, name))


def _channels(trama, workspace, rules):
    """What the load generator is told of each channel: facts of the account, and where its vendor's
    side listens."""
    return {
        "sms": {"url": f"https://sms.{workspace}.test/sms/{workspace}/sms", "number": number_of(workspace),
                "account_sid": "AC" + "0" * 31 + "2",
                "auth_token": trama.secret(f"twilio-auth-token-{workspace}"),
                "sink": trama.at(rules["sms_sink"])},
        "email": {"address": f"help@{workspace}.test", "sink": trama.at(rules["email_sink"])},
        "whatsapp": {"path": f"/whatsapp/{workspace}/whatsapp",
                     "phone_number_id": f"90{number_of(workspace)[1:]}",
                     "business_account_id": f"10{number_of(workspace)[1:]}",
                     "app_secret": trama.secret(f"whatsapp-app-secret-{workspace}"),
                     "sink": trama.at(rules["whatsapp_sink"])},
        "open": {"path": f"/open/v1/{workspace}/open/events", "account": "open",
                 "secret": trama.secret(f"open-{workspace}"),
                 "sink": trama.at(rules["open_sink"])},
    }


def _resources(trama, workspace, names, rules):
    channels = _channels(trama, workspace, rules)

    def reference(secret):
        trama.secret(secret)
        return f"file:{trama.secrets / secret}"

    def resource(kind, name, **spec):
        return {"apiVersion": "trama/v1", "kind": kind,
                "metadata": {"name": name, "workspace": workspace}, "spec": spec}

    yield {"apiVersion": "trama/v1", "kind": "Workspace", "metadata": {"name": workspace}, "spec": {
        "displayName": "Load", "timeZone": "America/Sao_Paulo", "defaultRegion": "US",
        "identitySecret": reference(f"identity-{workspace}"), "agentUnits": 100,
        "capacity": {"email": {"units": 20},
                     **{channel: {"units": 25} for channel in TEXT_CHANNELS}},
        "offerTimeout": rules["offer_timeout"], "heartbeatTimeout": rules["heartbeat_timeout"]}}
    yield resource("ChannelAccount", "sms", channel="sms", state="ON", displayName="Texts", sms={
        "accountSid": channels["sms"]["account_sid"],
        "authTokens": [reference(f"twilio-auth-token-{workspace}")], "numbers": [channels["sms"]["number"]],
        "publicBaseUrl": f"https://sms.{workspace}.test",
        "ambiguityWait": rules["ambiguity_wait"],
        "apiBaseUrl": f"http://{channels['sms']['sink']}"})
    yield resource("ChannelAccount", "help", channel="email", state="ON", displayName="Mails",
                   email={"address": channels["email"]["address"], "fromName": "Load",
                          "smtpServer": channels["email"]["sink"], "smtpTls": "NONE",
                          "tokenSecret": reference(f"email-token-{workspace}")})
    yield resource("ChannelAccount", "whatsapp", channel="whatsapp", state="ON",
                   displayName="WhatsApp", whatsapp={
                       "phoneNumberId": channels["whatsapp"]["phone_number_id"],
                       "businessAccountId": channels["whatsapp"]["business_account_id"],
                       "appSecrets": [reference(f"whatsapp-app-secret-{workspace}")],
                       "verifyToken": reference(f"whatsapp-verify-token-{workspace}"),
                       "accessToken": reference(f"whatsapp-access-token-{workspace}"),
                       "apiBaseUrl": f"http://{channels['whatsapp']['sink']}"})
    yield resource("ChannelAccount", "open", channel="open", state="ON", displayName="App", open={
        "secrets": [reference(f"open-{workspace}")], "eventsPerSecondMax": 10_000,
        "callbackUrl": f"http://{channels['open']['sink']}/trama"})
    for skill in ("texts", "mails"):
        yield resource("Skill", skill, displayName=skill.capitalize())
    yield resource("Queue", "texts", displayName="Texts", order=10, when={"channels": TEXT_CHANNELS},
                   requiredSkills=[{"skill": "texts", "proficiencyMin": 3}],
                   wrapUp={"mode": "NONE"}, serviceLevel={"threshold": "20s"})
    yield resource("Queue", "mails", displayName="Mails", order=20,
                   requiredSkills=[{"skill": "mails"}], wrapUp={"mode": "MANDATORY"},
                   serviceLevel={"threshold": "60s"})
    yield resource("WrapUpCode", "done", displayName="Done")
    yield resource("SlaPolicy", "standard", displayName="Standard", order=10,
                   firstResponse=rules["first_response"], queueAnswer=rules["queue_answer"])
    for number, name in enumerate(names):
        yield resource("Agent", name, displayName=name,
                       skills={"texts": 3 + number % 8, "mails": 1 + number % 10})
