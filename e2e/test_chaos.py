"""Everything at once: hundreds of callers of all manners, a provider that fails in every
way, keys that are revoked, rotated and switched off, and `kill -9` every few seconds. What
callers received, what the provider saw and what the ledger holds must agree in the end, to
the call, the token and the nanodollar. What exactly is promised stands in
`support/chaos_reckoning.py`.

A minute for each database; `KEYWARD_CHAOS_SECONDS` says how long instead."""

import asyncio
import os
import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPException
from typing import TypeVar

import pytest

from support.admin import Admin, Key, Project
from support.chaos_callers import CALM, Call, Caller, World, make
from support.chaos_provider import (
    BROKEN_STREAM,
    BROKEN_WHOLE,
    GOOD,
    NO_ANSWER,
    NO_USAGE,
    REFUSALS,
    Provider,
)
from support.chaos_reckoning import CHECKS, INPUT_PRICE, OUTPUT_PRICE, Ledger, Reckoning, table
from support.keyward import Installation, Server
from support.wire import Unavailable

SECONDS = float(os.environ.get("KEYWARD_CHAOS_SECONDS", "60"))
LAST_RUN = 6.0
"""How long the last run goes on, in which nothing is killed."""
CALLERS = 200
HOWS = (*GOOD * 12, NO_USAGE, NO_USAGE, *NO_ANSWER, *REFUSALS, *BROKEN_WHOLE, *BROKEN_STREAM)
NEVER = float("inf")
FAR = 100_000
"""A cap that nobody comes to."""

T = TypeVar("T")


@dataclass
class Chaos:
    """All that goes on."""

    installed: Installation
    admin: Admin
    server: Server
    provider: Provider
    dice: random.Random
    world: World = field(default_factory=World)
    callers: list[Caller] = field(default_factory=list)
    """All that ever called."""
    active: list[Caller] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)
    """By the name of their caller."""
    off: dict[str, list[list[float]]] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    revoked: int = 0

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    def add(self, project: Project, name: str, often: int = 1, *, limits: dict[str, int] | None = None, **fields: object) -> Caller:
        """Makes a key and lets callers use it."""
        caller = Caller(name, "", **fields)  # type: ignore[arg-type]
        asked: dict[str, object] = {}
        if caller.cap is not None:
            asked["max_requests"] = caller.cap
        if caller.budget is not None:
            asked["budget"] = {"amount": f"{Decimal(caller.budget) / 10**9:f}", "window": "total"}
        if limits:
            asked["limits"] = limits
            caller.parallel, caller.rate = limits.get("parallel_requests"), limits.get("requests_per_minute")
        key = project.create_key(name, **asked)
        caller.secret, caller.id = key.value, key.id
        self.keys[name] = key
        self.callers.append(caller)
        self.active += [caller] * often
        return caller

    def started(self, server: Server) -> None:
        """A process serves from here on."""
        self.server, self.world.url = server, server.url
        self.admin.url = server.url
        self.world.up.set()

    async def call_on(self) -> None:
        """One of the callers."""
        while not self.world.stopping:
            while not self.world.up.is_set():
                await self.world.up.wait()
            call = await make(self.dice.choice(self.active), self.world, self.dice)
            if call.code is not None or not call.status:
                # Refused, or nobody was there: nothing is gained by haste.
                await asyncio.sleep(self.dice.uniform(0, 0.3))

    async def kill_on(self, until: float) -> None:
        """Kills the process every few seconds, and starts another."""
        while True:
            await asyncio.sleep(self.dice.uniform(2, 6))
            if self.now() > until:
                return
            self.world.up.clear()
            self.server.kill()
            self.seconds[self.world.run] = self.now() - self.began[self.world.run]
            self.world.run += 1
            self.began[self.world.run] = self.now()
            self.started(await asyncio.to_thread(self.installed.start))

    async def attempt(self, do: Callable[[], T]) -> T | None:
        """Administers; `None` if a kill came between, and nobody knows what was done, or
        if the database was out of reach: on a machine that is busy with a restart it may be."""
        await self.world.up.wait()
        try:
            return await asyncio.to_thread(do)
        except (OSError, HTTPException, Unavailable):
            return None

    async def administer_on(self, project: Project, until: float) -> None:
        """Revokes, rotates, switches off and on, and makes keys with caps."""
        number = 0
        while self.now() < until:
            number += 1
            name = f"churn {number}"
            if await self.attempt(lambda: self.add(project, name, 6, hows=GOOD)) is None:
                # Made or not: nobody knows its secret.
                continue
            caller, key = self.callers[-1], self.keys[name]
            await asyncio.sleep(self.dice.uniform(0.1, 0.6))
            match number % 4:
                case 0:
                    await self.switch_off(key)
                case 1:
                    await self.rotate(key, caller)
                case 2:
                    cap = self.dice.randrange(3, 40)
                    await self.attempt(lambda: self.add(project, f"cap {number}", 6, hows=HOWS, cap=cap))
            await self.revoke(key, caller.secret)
            await asyncio.sleep(self.dice.uniform(0.1, 0.4))
            self.active = [one for one in self.active if one is not caller]

    async def revoke(self, key: Key, secret: str) -> None:
        while await self.attempt(key.revoke) is None:
            pass
        self.off.setdefault(secret, []).append([self.now(), NEVER])
        self.revoked += 1

    async def switch_off(self, key: Key) -> None:
        while await self.attempt(key.disable) is None:
            pass
        off = [self.now(), NEVER]
        self.off.setdefault(key.value, []).append(off)
        await asyncio.sleep(self.dice.uniform(0.1, 0.3))
        off[1] = self.now()
        while await self.attempt(key.enable) is None:
            pass

    async def rotate(self, key: Key, caller: Caller) -> None:
        rotated = await self.attempt(lambda: key.rotate(overlap_seconds=0))
        if rotated is None:
            # Whatever the secret is now: the key is revoked soon.
            return
        self.off.setdefault(key.value, []).append([self.now(), NEVER])
        caller.secret = rotated.value

    async def end_of_limits(self) -> None:
        """As many calls at one time as allowed, and not one more: no call that ended is
        still counted as under way. Of several processes on one database, those that died
        are believed for half a minute."""
        for caller in self.callers:
            if caller.parallel is None:
                continue
            until = self.now() + 45
            while True:
                self.provider.let_go.clear()
                self.provider.held.clear()
                holding = [asyncio.create_task(make(caller, self.world, self.dice, "hold", "patient")) for _ in range(caller.parallel)]
                while len(self.provider.held) < caller.parallel and not any(task.done() for task in holding):
                    await asyncio.sleep(0.01)
                is_full = len(self.provider.held) == caller.parallel
                if is_full:
                    further = await make(caller, self.world, self.dice, "good", "patient")
                    assert further.code == "rate_limit_exceeded", further
                self.provider.let_go.set()
                held = [(call.status, call.code) for call in await asyncio.gather(*holding)]
                if is_full:
                    break
                assert self.now() < until, f"{caller.name}: calls that ended keep their places: {held}"
                await asyncio.sleep(1)

    async def end_of_caps(self) -> None:
        """Every cap can be used up, and not exceeded."""
        for caller in self.callers:
            if caller.cap is None or caller.cap == FAR:
                continue
            for _ in range(caller.cap + 1):
                call = await make(caller, self.world, self.dice, "good", "patient")
                if call.code is not None:
                    break
            assert call.code == "request_cap_reached", (caller.name, call)


    async def end_of_budgets(self) -> None:
        """Every budget can be used up, and not exceeded."""
        for caller in self.callers:
            while caller.budget is not None:
                call = await make(caller, self.world, self.dice, "good", "patient")
                if call.code is not None:
                    assert call.code == "insufficient_quota", (caller.name, call)
                    break


async def chaos(installed: Installation) -> Reckoning:
    """All of it; answers what is to be compared."""
    installed.environment |= {
        "KEYWARD_RESPONSE_TIMEOUT": "5",
        "KEYWARD_IDLE_TIMEOUT": "5",
        "KEYWARD_LOG_LEVEL": "info",
    }
    since = int(time.time()) - 60
    organization = installed.init()
    server = await asyncio.to_thread(installed.start)
    admin = Admin(server.url, organization, installed.secrets)
    provider = Provider()
    serving = await provider.serve()
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    it = Chaos(installed, admin, server, provider, random.Random(seed))
    it.began[0] = it.now()
    it.started(server)

    def project_at(port: int) -> Project:
        made = admin.create_project()
        secret = installed.secrets.make("sk-ant-", "a provider's secret")
        url = f"http://127.0.0.1:{port}"
        made.create_credential("openai", api_key=secret, base_url=f"{url}/v1")
        made.create_credential("anthropic", api_key=secret, base_url=url)
        return made

    def set_up() -> tuple[Project, Project]:
        price = {"model": "chaos-*", "input_per_million": INPUT_PRICE, "output_per_million": OUTPUT_PRICE}
        admin.post("/v1/organization/prices", price).expect(200)
        wild, calm = project_at(provider.port), project_at(provider.port)
        it.add(wild, "wild", 4, hows=HOWS)
        it.add(wild, "wild, each call apart", 8, hows=HOWS, model_for_each=True)
        it.add(wild, "wild, capped", 4, hows=HOWS, cap=400)
        it.add(wild, "parallel wild", 6, hows=HOWS, limits={"parallel_requests": 5})
        it.add(calm, "calm", 6, hows=GOOD, manners=CALM)
        it.add(calm, "calm, each call apart", 8, hows=GOOD, manners=CALM, model_for_each=True)
        it.add(calm, "calm, capped", 4, hows=GOOD, manners=CALM, cap=300)
        it.add(calm, "small cap", 4, hows=GOOD, manners=CALM, cap=7)
        it.add(calm, "parallel calm", 8, hows=GOOD, manners=CALM, limits={"parallel_requests": 3})
        it.add(wild, "wild, budget", 6, hows=HOWS, budget=60_000_000)
        it.add(calm, "calm, budget", 6, hows=GOOD, manners=CALM, budget=40_000_000)
        it.add(calm, "rate", 6, hows=GOOD, manners=CALM, limits={"requests_per_minute": 60})
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            deaf = project_at(nobody.getsockname()[1])
        it.add(deaf, "nobody answers", 2, hows=GOOD)
        return wild, calm

    wild, calm = await asyncio.to_thread(set_up)
    until = it.now() + SECONDS
    calling = [asyncio.create_task(it.call_on()) for _ in range(CALLERS)]
    await asyncio.gather(it.kill_on(until), it.administer_on(wild, until))

    def set_up_last_run() -> None:
        before = len(it.active)
        it.add(wild, "late", 4, hows=HOWS)
        it.add(wild, "late, each call apart", 6, hows=HOWS, model_for_each=True)
        it.add(wild, "late, capped", 4, hows=HOWS, cap=FAR)
        it.add(calm, "late, small cap", 3, hows=GOOD, cap=50)
        it.add(calm, "late, budget", 3, hows=GOOD, manners=CALM, budget=20_000_000)
        it.active = it.active[before:]

    await asyncio.to_thread(set_up_last_run)
    await asyncio.sleep(LAST_RUN)
    it.world.stopping = True
    await asyncio.gather(*calling)
    await it.end_of_limits()
    await it.end_of_caps()
    await it.end_of_budgets()
    while provider.running.total():
        await asyncio.sleep(0.01)
    it.seconds[it.world.run] = it.now() - it.began[it.world.run]

    paths = {key.id: key.path for key in it.keys.values()}
    assert await asyncio.to_thread(it.server.terminate) == 0
    it.started(await asyncio.to_thread(installed.start))
    ledger = await asyncio.to_thread(Ledger.read, admin, it.callers, paths, since)
    # What was counted is counted once, however often it is looked through.
    it.server.kill()
    it.started(await asyncio.to_thread(installed.start))
    assert await asyncio.to_thread(Ledger.read, admin, it.callers, paths, since) == ledger
    await provider.close(serving)
    again = sum(times > 1 for times in provider.seen.values())
    print(f"{it.world.run} kills, {it.revoked} revocations, {again} calls sent more than once")
    return Reckoning(it.callers, provider, ledger, it.off, it.seconds, installed.database.is_shared)


def test_nothing_is_lost_and_nothing_exceeded(
    fresh: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print()
        reckoning = asyncio.run(chaos(fresh))
        print(table(reckoning))
    for check in CHECKS:
        check(reckoning)
    assert not reckoning.wrong, "\n".join(reckoning.wrong[:40])
    # Nothing of this is worth anything unless calls were answered, and kills hit some.
    for caller in reckoning.callers:
        if caller.name.startswith(("wild", "calm", "late")):
            assert any(call.is_answered for call in caller.calls), caller.name
    calls: list[Call] = [call for caller in reckoning.callers for call in caller.calls]
    assert any(call.killed and call.asked.mark in reckoning.provider.seen for call in calls), "no kill hit a call"
