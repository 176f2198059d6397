"""What is made once for all who ask for it at the same time."""

import asyncio

from app.core.single_flight import Made, SingleFlight

ONE, TWO = Made(b"1", 1, None), Made(b"2", 2, None)


async def stands(_made: Made) -> bool:
    return True


class Counting:
    """Answers the end of a log, when it is let."""

    def __init__(self) -> None:
        self.end = 1
        self.times = 0
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> Made:
        self.times += 1
        end = self.end
        await self.may_end.wait()
        return Made(str(end).encode(), end, None)


async def test_an_answer_is_kept_for_whoever_has_seen_no_more_than_it_holds() -> None:
    shared, count = SingleFlight(1000), Counting()
    await shared.get("a", 1, 1, stands, count)

    assert await shared.get("a", 1, 1, stands, count) == ONE
    assert await shared.get("a", 0, 0, stands, count) == ONE
    assert count.times == 1
    await shared.get("b", 1, 1, stands, count)
    assert count.times == 2


async def test_an_answer_of_before_what_was_seen_or_of_another_log_is_made_anew() -> None:
    shared, count = SingleFlight(1000), Counting()
    await shared.get("a", 1, 1, stands, count)

    count.end = 2
    assert await shared.get("a", 2, 2, stands, count) == TWO

    async def was_put_back(made: Made) -> bool:
        return made != TWO

    count.end = 1
    assert await shared.get("a", 1, 1, was_put_back, count) == ONE


async def test_who_comes_while_one_is_made_that_is_too_old_for_them_shares_the_next() -> None:
    shared, count = SingleFlight(1000), Counting()
    count.may_end.clear()
    first = asyncio.create_task(shared.get("a", 1, 1, stands, count))
    await asyncio.sleep(0)
    count.end = 2
    later = [asyncio.create_task(shared.get("a", 2, 2, stands, count)) for _ in range(3)]
    await asyncio.sleep(0)

    count.may_end.set()

    assert await first == ONE
    assert await asyncio.gather(*later) == [TWO] * 3
    assert count.times == 2


async def test_if_whoever_makes_it_leaves_another_of_those_who_wait_does() -> None:
    shared, count = SingleFlight(1000), Counting()
    count.may_end.clear()
    first = asyncio.create_task(shared.get("a", 1, 1, stands, count))
    await asyncio.sleep(0)
    later = asyncio.create_task(shared.get("a", 1, 1, stands, count))
    await asyncio.sleep(0)

    first.cancel()
    count.may_end.set()

    assert await later == ONE
    assert count.times == 2


async def test_what_fails_fails_for_all_who_wait_and_is_tried_again_by_who_comes_next() -> None:
    shared, count = SingleFlight(1000), Counting()

    async def fail() -> Made:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    outcomes = await asyncio.gather(
        *(shared.get("a", 1, 1, stands, fail) for _ in range(3)), return_exceptions=True
    )

    assert [type(one) for one in outcomes] == [ZeroDivisionError] * 3
    assert await shared.get("a", 1, 1, stands, count) == ONE


async def test_who_needs_less_than_the_whole_log_shares_what_is_made_of_a_part_of_it() -> None:
    shared, count = SingleFlight(1000), Counting()
    count.may_end.clear()
    asking = [asyncio.create_task(shared.get("a", 2, 1, stands, count)) for _ in range(3)]
    await asyncio.sleep(0)

    count.may_end.set()

    assert await asyncio.gather(*asking) == [ONE] * 3
    assert count.times == 1
    # What was made before they asked may be older by any time.
    await shared.get("a", 2, 1, stands, count)
    assert count.times == 2
