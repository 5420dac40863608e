"""Moving money."""

from decimal import Decimal

from tortoise.expressions import F
from tortoise.transactions import atomic

from apps.bank.models import Account, Transfer


class NotEnoughError(Exception):
    """The account does not have that much."""


@atomic()
async def transfer(source_id: int, target_id: int, amount: Decimal) -> Transfer:
    """Move an amount from one account to another, and record it.

    Raises ValueError for an amount that is not positive, and for a transfer to the same account. Raises
    NotEnoughError if the balance would fall below zero. Then nothing is changed.
    """
    if amount <= 0:
        raise ValueError("an amount above zero was expected")
    if source_id == target_id:
        raise ValueError("two accounts were expected")
    record = await Transfer.create(source_id=source_id, target_id=target_id, amount=amount)
    if not await Account.filter(id=source_id, balance__gte=amount).update(balance=F("balance") - amount):
        raise NotEnoughError
    await Account.filter(id=target_id).update(balance=F("balance") + amount)
    return record
