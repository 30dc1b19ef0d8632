"""How often an account may call: what both SDKs are told beyond the limit, and that nobody else notices."""
import concurrent.futures
import http.client
import time

import pytest
from alibabacloud_tea_openapi.exceptions import ThrottlingException
from aliyunsdkcore.acs_exception.exceptions import ServerException

import mps
import signing
from access import statement

JOB = "0123456789abcdef0123456789abcdef"
UNKNOWN = "InvalidParameter.ResourceNotFound"
LIMITED = "Throttling.User"


@pytest.fixture
def account(operator):
    """An account of the test's own, by its own keys."""
    return operator.account()


def limit(operator, account, action, value):
    operator.run("account", "limit", account.credentials["account_id"], action, value)


def cancel(mts):
    """The code of a cancel of a job that does not exist."""
    return mts.refused("CancelJob", JobId=JOB).code


def test_the_fourth_call_within_a_limit_of_three_is_refused(operator, account, mts_of):
    limit(operator, account, "mts:CancelJob", "3/h")
    mts = mts_of(account)
    assert [cancel(mts) for _ in range(4)] == [UNKNOWN] * 3 + [LIMITED]
    refusal = mts.refuses(400, LIMITED, None, "CancelJob", JobId=JOB)
    if mts.generation == "new":
        assert isinstance(refusal.error, ThrottlingException)
        # A third of an hour for one call, in milliseconds, less what has passed.
        assert 1_000_000 < refusal.error.retry_after <= 1_200_000
    else:
        assert isinstance(refusal.error, ServerException)
    # Other actions of the account have limits of their own.
    mts.call("SearchPipeline")


def test_calls_within_one_second_are_refused_and_later_ones_pass(operator, account, mts_of):
    limit(operator, account, "mts:CancelJob", "3/s")
    mts = mts_of(account)
    begun, passed = time.monotonic(), 0
    while cancel(mts) != LIMITED:
        passed += 1
        assert passed < 300, "no call was refused"
    elapsed = time.monotonic() - begun
    assert 3 <= passed <= 3 + 3 * elapsed + 1
    # One call's worth refills within a third of a second; how soon it is asked for again matters not.
    deadline = time.monotonic() + 60
    while cancel(mts) == LIMITED:
        assert time.monotonic() < deadline


def test_users_keys_and_sessions_of_an_account_share_its_limit(operator, account, mts_of):
    number = account.credentials["account_id"]
    user = operator.user(statement("mts:CancelJob"), account=number)
    limit(operator, account, "mts:CancelJob", "3/h")
    root, other = mts_of(account), mts_of(user.seen)
    assert [cancel(root), cancel(other), cancel(root), cancel(other), cancel(root)] \
        == [UNKNOWN] * 3 + [LIMITED] * 2


def test_what_is_refused_counts_as_well(operator, account, mts_of):
    """Whoever may not call an action cannot have it tried without end."""
    user = operator.user(account=account.credentials["account_id"])
    limit(operator, account, "mts:CancelJob", "3/h")
    mts = mts_of(user.seen)
    assert [cancel(mts) for _ in range(4)] == ["Forbidden.RAM"] * 3 + [LIMITED]


def test_another_account_goes_on_meanwhile(operator, account, mts_of):
    limit(operator, account, "mts:CancelJob", "3/h")
    limited, free = mts_of(account), mts_of(operator.account())
    while cancel(limited) != LIMITED:
        pass
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        hammering = [pool.submit(lambda: [cancel(limited) for _ in range(40)]) for _ in range(3)]
        times = []
        for _ in range(40):
            begun = time.monotonic()
            assert cancel(free) == UNKNOWN
            times.append(time.monotonic() - begun)
        for found in hammering:
            assert set(found.result()) == {LIMITED}
    # The median, since any one call may meet a busy machine.
    assert sorted(times)[len(times) // 2] < 5


def test_limits_are_lifted_and_set_back_at_once(operator, account, shapes):
    mts = mps.NewMts(account, shapes)
    limit(operator, account, "mts:CancelJob", "1/h")
    assert [cancel(mts), cancel(mts)] == [UNKNOWN, LIMITED]
    limit(operator, account, "mts:CancelJob", "unlimited")
    assert set(burst(account, 250)[0]) == {404}
    # The limit that was used up is used up still; another one begins anew.
    limit(operator, account, "mts:CancelJob", "1/h")
    assert cancel(mts) == LIMITED
    limit(operator, account, "mts:CancelJob", "2/h")
    assert [cancel(mts) for _ in range(3)] == [UNKNOWN, UNKNOWN, LIMITED]
    limit(operator, account, "mts:CancelJob", "default")
    assert cancel(mts) == UNKNOWN


def burst(seen, calls, connections=4):
    """The statuses of calls that were all signed before the first was sent, and how long they took."""
    wire = signing.Wire(seen)
    targets = ["/?" + signing.canonical(wire.v1_parameters("CancelJob", JobId=JOB)) for _ in range(calls)]

    def send(mine):
        connection = http.client.HTTPConnection(seen.address, timeout=180)
        statuses = []
        for target in mine:
            connection.request("GET", target)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        statuses = [status for found in pool.map(send, (targets[at::connections] for at in range(connections)))
                    for status in found]
    return statuses, time.monotonic() - begun


def test_by_default_a_hundred_cancels_a_second_pass(account):
    # As many more than a hundred as keeps the refill from admitting them all on a slow machine.
    statuses, elapsed = burst(account, 400)
    passed, refused = statuses.count(404), statuses.count(400)
    print(f"{passed} of 400 calls within {elapsed:.2f} s passed")
    assert passed + refused == 400
    assert 100 <= passed <= 100 + 100 * elapsed + 1


def test_limits_that_mean_nothing_are_refused(operator, account):
    number = account.credentials["account_id"]
    for value in ("0/s", "3/w", "many", "3 / s", "99999999999/s", ""):
        done = operator.run("account", "limit", number, "mts:CancelJob", value, code=1)
        assert done.stderr and "panicked" not in done.stderr
    for value in (["1/s"], []):
        assert "mts:Nothing" in operator.run("account", "limit", number, "mts:Nothing", *value, code=1).stderr
