from ipaddress import ip_address

import httpx
import pytest

from verf.outbound import AddressRefused, public_addresses
from verf.outbound.addresses import may_dial
from verf.outbound.guard import GuardedTransport

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "100.127.255.254", "169.254.169.254", "192.0.0.8", "168.63.129.16", "fec0::1",
    "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def answering(*rounds):
    answers = list(rounds)

    async def resolver(host, port):
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return resolver


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_off_the_public_internet_are_refused(address):
    assert not may_dial(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_dialled(address):
    assert may_dial(ip_address(address))


def test_the_sandbox_may_open_loopback_and_nothing_else():
    assert may_dial(ip_address("127.0.0.1"), allow_loopback=True)
    assert not may_dial(ip_address("10.0.0.1"), allow_loopback=True)
    assert not may_dial(ip_address("169.254.169.254"), allow_loopback=True)


async def test_one_bad_address_among_good_ones_refuses_the_host():
    with pytest.raises(AddressRefused):
        await public_addresses("evil.example", 443, resolver=answering(["8.8.8.8", "10.0.0.1"]))


@pytest.mark.parametrize("answer", [[], ["nonsense"], ["fe80::1%eth0"]])
async def test_a_host_without_a_usable_address_is_refused(answer):
    with pytest.raises(AddressRefused):
        await public_addresses("evil.example", 443, resolver=answering(answer))


class Recorder(httpx.AsyncBaseTransport):
    def __init__(self, *failures):
        self.failures = list(failures)
        self.dialled = []

    async def handle_async_request(self, request):
        self.dialled.append(request)
        if self.failures:
            raise self.failures.pop(0)
        return httpx.Response(200)


def guarded(resolver, inner):
    return httpx.AsyncClient(transport=GuardedTransport(resolver, allow_loopback=False, inner=inner))


async def test_a_name_that_changes_its_mind_is_dialled_where_it_was_checked():
    inner = Recorder()
    async with guarded(answering(["8.8.8.8"], ["127.0.0.1"]), inner) as browser:
        await browser.get("https://rebind.example/hook")
        with pytest.raises(AddressRefused):
            await browser.get("https://rebind.example/hook")
    [request] = inner.dialled
    assert request.url.host == "8.8.8.8"
    assert request.headers["host"] == "rebind.example"
    assert request.extensions["sni_hostname"] == "rebind.example"


async def test_an_unreachable_address_gives_way_to_the_next_checked_one():
    inner = Recorder(httpx.ConnectError("no"))
    async with guarded(answering(["2606:4700:4700::1111", "1.1.1.1"]), inner) as browser:
        assert (await browser.post("https://two.example/", content=b"x")).status_code == 200
    assert [request.url.host for request in inner.dialled] == ["2606:4700:4700::1111", "1.1.1.1"]


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://name:password@a.example/"])
async def test_other_schemes_and_passwords_in_addresses_are_refused(url):
    inner = Recorder()
    async with guarded(answering(["8.8.8.8"]), inner) as browser:
        with pytest.raises(AddressRefused):
            await browser.get(url)
    assert not inner.dialled
