"""The closing reckoning: what callers received, what the provider saw and what the ledger
holds, beside each other. Each `check_…` is one promise; a new kind of promise (a budget,
say) is one more of them.

What is promised of a call in flight when Keyward is killed: if its caller had the whole
answer (of a stream, its last event), it is counted, with exactly its use and its cost. If
it didn't, it may be counted or not, once at the most, and never with another use than the
provider told. Of a key with a cap it is counted before the provider sees it, so the cap
holds whatever dies; one that a kill kept from being sent stays counted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .admin import Admin
from .chaos_callers import MOST_SAID, Call, Caller
from .chaos_provider import BROKEN_STREAM, GOOD, NO_USAGE, Provider

INPUT_PRICE, OUTPUT_PRICE = "0.0375", "0.15125"
"""Dollars for a million tokens: many a call's cost ends in half a nanodollar."""
INPUT_PICOS, OUTPUT_PICOS = 37_500, 151_250

TOKENS_ASKED = 8
"""What Keyward counts of a request: three words on lines of their own and a message."""
TOKENS_SAID, ENDLESS_TOKENS = 41, 5000
"""The most that it counts of an answer, and of one without an end."""


def cost(read: int, said: int) -> int:
    """In nanodollars; half a one counts as one."""
    return (read * INPUT_PICOS + said * OUTPUT_PICOS + 500) // 1000


COSTS_AT_MOST = cost(2000, MOST_SAID)
"""What is reserved for a call that a budget holds is less: its bytes and a thousand tokens
are read at the most."""


@dataclass(frozen=True)
class Sum:
    """Amounts of some calls."""

    calls: int = 0
    read: int = 0
    said: int = 0
    nanos: int = 0
    unpriced: int = 0
    estimated: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(*(mine + its for mine, its in zip(self.amounts, other.amounts, strict=True)))

    @property
    def amounts(self) -> tuple[int, ...]:
        return self.calls, self.read, self.said, self.nanos, self.unpriced, self.estimated

    @property
    def use(self) -> tuple[int, int, int]:
        return self.read, self.said, self.nanos


def told(call: Call) -> Sum:
    """What the provider said that a call used, if it came that far."""
    if call.asked.how not in (*GOOD, "hold"):
        return Sum(1)
    return Sum(1, call.asked.input, call.asked.output, cost(call.asked.input, call.asked.output))


def told_first(call: Call) -> Sum:
    """What a stream of messages says in its first event: all that it read."""
    return Sum(1, call.asked.input, 0, cost(call.asked.input, 0))


def estimates(call: Call, said: int) -> list[Sum]:
    """What Keyward may count of a call itself, by the text that went and came. A stream of
    messages says in its first event what it read."""
    reads = {TOKENS_ASKED, call.asked.input if call.route == "/v1/messages" else TOKENS_ASKED}
    return [Sum(1, read, said, cost(read, said), estimated=1) for read in reads]


def is_estimate(call: Call, row: Sum) -> bool:
    return 0 <= row.said <= most_said(call) and row in estimates(call, row.said)


def most_said(call: Call) -> int:
    return ENDLESS_TOKENS if call.asked.how == "endless" else TOKENS_SAID


def may_be_told(call: Call, answered: bool) -> Sum:
    """The most that may be known of a call, told by the provider or estimated."""
    sums = [told(call)]
    if answered:
        sums += estimates(call, most_said(call))
        if call.route == "/v1/messages":
            sums.append(told_first(call))
    return Sum(1, *(max(amounts) for amounts in zip(*(one.use for one in sums), strict=True)))


def total(sums: Iterator[Sum]) -> Sum:
    return sum(sums, Sum())


@dataclass(frozen=True)
class Ledger:
    """What Keyward says in the end."""

    keys: dict[str, dict[str, Any]]
    """Each key as it is read, by its id."""
    models: dict[str, dict[str, Sum]]
    """The report: by key, by model (`""`: refused by the provider)."""
    costs: int
    """All costs, in nanodollars."""

    @classmethod
    def read(cls, admin: Admin, callers: list[Caller], paths: dict[str, str], since: int) -> "Ledger":
        models: dict[str, dict[str, Sum]] = {}
        for kind in ("completions", "embeddings"):
            for result in results(admin, f"/v1/organization/usage/{kind}", since, ["api_key_id", "model"]):
                said = result.get("output_tokens", 0)
                amounts = (result["num_model_requests"], result["input_tokens"], said)
                unknown = (result["num_unpriced_requests"], result["num_estimated_requests"])
                row = Sum(*amounts, result["cost_nanos"], *unknown)
                of_key = models.setdefault(result["api_key_id"], {})
                model = result["model"] or ""
                of_key[model] = of_key.get(model, Sum()) + row
        costs = results(admin, "/v1/organization/costs", since, ["project_id"])
        keys = {caller.id: admin.get(paths[caller.id]).expect(200).json for caller in callers}
        return cls(keys, models, sum(result["amount"]["value_nanos"] for result in costs))

    def of(self, caller: Caller) -> Sum:
        """The key's own counters."""
        key = self.keys[caller.id]
        usage = key["usage"]
        return Sum(key["request_count"], usage["input_tokens"], usage["output_tokens"], usage["cost_nanos"])

    def report(self, caller: Caller) -> Sum:
        return total(iter(self.models.get(caller.id, {}).values()))


def results(admin: Admin, path: str, since: int, group_by: list[str]) -> Iterator[dict[str, Any]]:
    """All results of a report, page by page."""
    query: dict[str, Any] = {"start_time": since, "bucket_width": "1d", "group_by": group_by}
    while True:
        page = admin.get(path, **query).expect(200).json
        yield from (result for bucket in page["data"] for result in bucket["results"])
        if not page["has_more"]:
            return
        query["page"] = page["next_page"]


@dataclass
class Reckoning:
    """Everything that is compared."""

    callers: list[Caller]
    provider: Provider
    ledger: Ledger
    off: dict[str, list[list[float]]]
    """By secret: from when until when it must open nothing."""
    seconds: dict[int, float]
    """How long each run was at the most."""
    is_shared: bool
    """Several processes could count together, so counts outlive a process."""
    wrong: list[str] = field(default_factory=list)

    def expect(self, promise: str, caller: Caller | None, holds: bool, *shown: object) -> None:
        if not holds:
            whose = f"{caller.name}: " if caller else ""
            self.wrong.append(f"{whose}{promise}: {' | '.join(str(one) for one in shown)}")

    def seen(self, caller: Caller) -> list[Call]:
        marks = self.provider.seen_of_key[caller.name]
        return [call for call in caller.calls if call.asked.mark in marks]

    def unread(self, caller: Caller) -> int:
        """Calls that broke off and that the provider never read: they may have been on their
        way to it, and count then."""
        marks = self.provider.seen_of_key[caller.name]
        return sum(call.code is None and call.asked.mark not in marks for call in caller.calls)


Check = Callable[[Reckoning], None]


def check_counts(it: Reckoning) -> None:
    """What callers received whole ≤ what is counted ≤ what the provider saw."""
    for caller in it.callers:
        received = sum(call.is_answered or call.is_refused_by_provider for call in caller.calls)
        counted, seen = it.ledger.of(caller).calls, len(it.seen(caller))
        it.expect("what came whole is counted", caller, received <= counted, received, counted)
        if caller.cap is None:
            it.expect("what is counted was sent", caller, counted <= seen, counted, seen)
        else:
            unread = it.unread(caller)
            it.expect("what was sent is counted", caller, seen <= counted, seen, counted)
            it.expect("what is refused isn't counted", caller, counted <= seen + unread, counted, seen, unread)
            it.expect("no cap is exceeded", caller, max(seen, counted) <= caller.cap, seen, counted, caller.cap)


def check_use(it: Reckoning) -> None:
    """Tokens and nanodollars: of all that came whole at the least, of all that the provider
    told at the most; and everybody says the same."""
    for caller in it.callers:
        least = total(told(call) for call in caller.calls if call.is_answered)
        answered = it.provider.answered
        most = total(may_be_told(call, call.asked.mark in answered) for call in it.seen(caller))
        held, report = it.ledger.of(caller), it.ledger.report(caller)
        within = all(low <= mid <= high for low, mid, high in zip(least.use, held.use, most.use, strict=True))
        it.expect("use and cost are what the provider told", caller, within, least, held, most)
        it.expect("report and key agree on use and cost", caller, held.use == report.use, held, report)
        if caller.cap is None:
            it.expect("report and key agree on calls", caller, held.calls == report.calls, held, report)
        else:
            it.expect("the report has no call more", caller, report.calls <= held.calls, held, report)
    reported = sum(row.nanos for models in it.ledger.models.values() for row in models.values())
    it.expect("costs are the sum of their parts", None, reported == it.ledger.costs, reported, it.ledger.costs)


def check_each_call(it: Reckoning) -> None:
    """Calls that the ledger tells apart: each is there as it was, or not at all."""
    for caller in it.callers:
        if not caller.model_for_each:
            continue
        rows = dict(it.ledger.models.get(caller.id, {}))
        for model in ("", "chaos-a", "chaos-b"):
            rows.pop(model, None)
        seen = it.provider.seen_of_key[caller.name]
        for call in caller.calls:
            if call.model in ("chaos-a", "chaos-b"):
                continue
            row, use = rows.pop(call.model, None), told(call)
            if call.is_answered and call.asked.how == NO_USAGE:
                held = row is not None and is_estimate(call, row)
                it.expect("what the provider doesn't say is estimated", caller, held, call, row)
            elif call.is_answered:
                it.expect("a call that was answered is counted as it was", caller, row == use, call, row, use)
            elif call.asked.mark not in seen:
                it.expect("a call that wasn't sent isn't counted", caller, row is None, call, row)
            elif row is not None:
                known = [use, Sum(1, unpriced=1)]
                if call.route == "/v1/messages":
                    known.append(told_first(call))
                held = row in known or (call.asked.mark in it.provider.answered and is_estimate(call, row))
                it.expect("a call is counted once, with its own use", caller, held, call, row, use)
        it.expect("nothing is counted that nobody asked", caller, not rows, rows)


def check_last_run(it: Reckoning) -> None:
    """Where nothing was killed, everything that was sent is counted, hung up or not."""
    for caller in it.callers:
        if not caller.name.startswith("late"):
            continue
        seen, held, unread = it.seen(caller), it.ledger.of(caller), it.unread(caller)
        within = len(seen) <= held.calls <= len(seen) + unread
        it.expect("all that was sent is counted", caller, within, held, len(seen), unread)
        if caller.model_for_each:
            rows = it.ledger.models.get(caller.id, {})
            lost = [call for call in seen if call.asked.mark in it.provider.answered and call.model not in rows]
            it.expect("a call that was answered has its model", caller, not lost, lost[:3])


def check_calm_calls(it: Reckoning) -> None:
    """Good calls of patient callers are answered, unless Keyward is killed or says why not."""
    for caller in it.callers:
        if caller.hows == GOOD and all(not manner.startswith("hangs up") for manner in caller.manners):
            lost = [call for call in caller.calls if not (call.is_answered or call.code or call.killed)]
            it.expect("a good call is answered", caller, not lost, lost[:3], len(lost))


def check_ends(it: Reckoning) -> None:
    """Nothing hangs, nothing cut looks whole, nothing is sent again that was being answered."""
    for caller in it.callers:
        hang = [call for call in caller.calls if call.hangs]
        it.expect("calls end", caller, not hang, hang[:3])
        early = [call for call in caller.calls if call.ends_early]
        it.expect("what is cut doesn't end like a whole answer", caller, not early, early[:3])
    again = [mark for mark, times in it.provider.seen.items() if times > 1 and mark in it.provider.answered]
    it.expect("a call whose answer began isn't sent again", None, not again, again[:5])
    it.expect("the provider understood everything", None, not it.provider.troubles, it.provider.troubles[:5])


def check_revocations(it: Reckoning) -> None:
    """After the answer to a revocation nothing is answered with that key."""
    for caller in it.callers:
        for call in caller.calls:
            for since, until in it.off.get(call.secret, []):
                after = since < call.began and call.ended <= until
                went = call.status == 200 or call.asked.mark in it.provider.seen_of_key[caller.name]
                it.expect("a key that is off opens nothing", caller, not (after and went), since, until, call)


def check_parallel(it: Reckoning) -> None:
    """No more calls at one time than a limit allows (patient callers: one that hung up may
    still be heard by the provider)."""
    for caller in it.callers:
        if caller.name == "parallel calm":
            most = max((n for (key, _), n in it.provider.most.items() if key == caller.name), default=0)
            it.expect("no more at one time than allowed", caller, most <= (caller.parallel or 0), most)


def check_rates(it: Reckoning) -> None:
    """No more calls in any run than a bucket that was full when it began lets through."""
    for caller in it.callers:
        if caller.rate is None:
            continue
        runs: dict[int, int] = {}
        for call in it.seen(caller):
            run = 0 if it.is_shared else call.asked.run
            runs[run] = runs.get(run, 0) + 1
        for run, seen in runs.items():
            seconds = sum(it.seconds.values()) if it.is_shared else it.seconds[run]
            most = caller.rate + caller.rate * seconds / 60 + 1
            it.expect("no more in a minute than allowed", caller, seen <= most, run, seen, most)


def check_budgets(it: Reckoning) -> None:
    """What the provider may bill ≤ what is spent ≤ the budget; what was refused for it
    wouldn't have fitted in, and nothing stays reserved."""
    for caller in it.callers:
        if caller.budget is None:
            continue
        stands = it.ledger.keys[caller.id]["budget"]
        spent, held = stands["spent_nanos"], it.ledger.of(caller).nanos
        billed = total(told(call) for call in it.seen(caller)).nanos
        it.expect("no budget is exceeded", caller, spent <= caller.budget, spent, caller.budget)
        it.expect("what may be billed is spent", caller, max(billed, held) <= spent, billed, held, spent)
        it.expect("nothing stays reserved", caller, stands["reserved_nanos"] == 0, stands)
        it.expect("what is left doesn't cover a call", caller, caller.budget - spent < COSTS_AT_MOST, stands)
        if caller.name.startswith("late"):
            it.expect("what is spent is what calls cost", caller, spent == held == billed, spent, held, billed)


CHECKS: tuple[Check, ...] = (
    check_counts,
    check_use,
    check_each_call,
    check_last_run,
    check_calm_calls,
    check_ends,
    check_revocations,
    check_parallel,
    check_rates,
    check_budgets,
)


HEAD = (
    *("key", "calls", "whole", "refused", "broken", "seen", "counted", "cap"),
    *("tokens whole", "counted", "nanodollars whole", "counted"),
)


def table(it: Reckoning) -> str:
    """What is printed at the end; keys that came and went are one line."""
    rows: dict[tuple[str, str], list[int]] = {}
    for caller in it.callers:
        whole = total(told(call) for call in caller.calls if call.is_answered)
        held = it.ledger.of(caller)
        amounts = [
            *(len(caller.calls), whole.calls),
            sum(call.code is not None and not call.is_refused_by_provider for call in caller.calls),
            sum(not call.whole for call in caller.calls),
            *(len(it.seen(caller)), held.calls),
            *(whole.read + whole.said, held.read + held.said, whole.nanos, held.nanos),
        ]
        kind = caller.name.rstrip("0123456789 ")
        cap = "-" if caller.cap is None else "each its own" if kind != caller.name else str(caller.cap)
        before = rows.get((kind, cap), [0] * len(amounts))
        rows[kind, cap] = [one + other for one, other in zip(before, amounts, strict=True)]
    lines = [HEAD, *((kind, *map(str, n[:6]), cap, *map(str, n[6:])) for (kind, cap), n in rows.items())]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    cells = (zip(line, widths, strict=True) for line in lines)
    return "\n".join("  ".join(cell.rjust(width) for cell, width in line) for line in cells)
