"""Moving money."""

from decimal import Decimal

import pytest

from apps.bank.models import Account, Transfer
from apps.bank.services import NotEnoughError, transfer


@pytest.fixture
async def accounts(database):
    return [await Account.create(owner=owner, balance=balance) for owner, balance in (("A", 100), ("B", 5))]


async def balances():
    return await Account.all().order_by("id").values_list("balance", flat=True)


async def test_money_moves(accounts):
    source, target = accounts
    record = await transfer(source.id, target.id, Decimal("30.50"))
    assert await balances() == [Decimal("69.50"), Decimal("35.50")]
    stored = await Transfer.get(id=record.id)
    assert (stored.source_id, stored.target_id, stored.amount) == (source.id, target.id, Decimal("30.50"))


async def test_all_of_it_can_be_moved(accounts):
    source, target = accounts
    await transfer(source.id, target.id, Decimal(100))
    assert await balances() == [0, 105]


async def test_more_than_there_is_changes_nothing(accounts):
    source, target = accounts
    with pytest.raises(NotEnoughError):
        await transfer(source.id, target.id, Decimal("100.01"))
    assert await balances() == [100, 5]
    assert not await Transfer.exists()


@pytest.mark.parametrize("amount", [0, -1])
async def test_an_amount_is_positive(accounts, amount):
    source, target = accounts
    with pytest.raises(ValueError, match="above zero"):
        await transfer(source.id, target.id, Decimal(amount))
    assert await balances() == [100, 5]


async def test_two_accounts_are_needed(accounts):
    with pytest.raises(ValueError, match="two accounts"):
        await transfer(accounts[0].id, accounts[0].id, Decimal(1))
