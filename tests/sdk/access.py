"""Accounts, users, roles and keys as a test makes them, and the server as each of them sees it."""
import dataclasses
import json
import subprocess

import harness
import mps

NETWORK = "127.0.0.1"


@dataclasses.dataclass
class Seen:
    """A server, by somebody's credentials: clients take it in the server's place."""

    address: str
    credentials: dict = dataclasses.field(repr=False)

    def changed(self, **credentials):
        return Seen(self.address, {**self.credentials, **credentials})


@dataclasses.dataclass
class User:
    """A user with a key pair."""

    name: str
    arn: str
    seen: Seen

    @property
    def key(self):
        return self.seen.credentials["access_key_id"]


def statement(action, effect="Allow", resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements):
    return {"Version": "1", "Statement": list(statements)}


def trust(*principals, **more):
    """A trust policy for ARNs."""
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": list(principals)},
                     **more})


class Operator:
    """Manages a running server by the command line."""

    def __init__(self, program, server, directory):
        self.program, self.server, self.directory = program, server, directory

    def run(self, *arguments, code=0, said=""):
        """What a command said on both streams, after it ended with the code."""
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, timeout=180,
                              cwd=self.directory, check=False, input=said, encoding="utf-8",
                              env={**harness.clean_environment(),
                                   "REELGATE_DATA": str(self.server.data)})
        assert done.returncode == code, (arguments, done)
        return done

    def read(self, *arguments, **options):
        """The JSON that a command prints."""
        return json.loads(self.run(*arguments, "-o", "json", **options).stdout)

    def user(self, *statements, policies=(), account=None):
        """A user with a key, a policy of these statements and others by name."""
        name = mps.unique("user")
        there = self._there(account)
        self.run("user", "create", name, *there)
        if statements:
            self.attach("user", name, f"{name}-policy", *statements, account=account)
        for policy in policies:
            self.run("user", "attach-policy", name, policy, *there)
        number = account or self.server.credentials["account_id"]
        return User(name, f"acs:ram::{number}:user/{name}", self.key(name, account))

    def key(self, user, account=None):
        """The server by a new key pair of a user."""
        made = self.read("key", "create", "--user", user, *self._there(account))
        return Seen(self.server.address,
                    {"access_key_id": made["id"], "access_key_secret": made["secret"]})

    def attach(self, kind, name, policy, *statements, account=None):
        """Writes a policy of a user or role, and attaches it."""
        self.run(kind, "attach-policy", name, policy, "--file", "-", *self._there(account),
                 said=json.dumps(document(*statements)))

    def account(self):
        """The server by the keys of a new account's own."""
        made = self.read("account", "create", mps.unique("account"))["credentials"]
        return Seen(self.server.address, made)

    def role(self, trusted, *statements, policies=(), account=None, seconds=3600):
        """The ARN of a role, as `trusted` lets others assume it."""
        name, there = mps.unique("role"), self._there(account)
        made = self.read("role", "create", name, "--trust-file", "-", "--max-session", seconds, *there,
                         said=json.dumps(trusted))
        if statements:
            self.attach("role", name, f"{name}-policy", *statements, account=account)
        for policy in policies:
            self.run("role", "attach-policy", name, policy, *there)
        return made["arn"]

    @staticmethod
    def _there(account):
        return () if account is None else ("--account", account)
