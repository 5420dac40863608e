"""Copy it into the project of references/tenant-records.md: numbers, restore, purge, pages."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tortoise import timezone
from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from apps.common.company import of_company
from apps.documents.models import Document
from apps.documents.routers.documents import create
from apps.documents.schemas.document import DocumentIn
from apps.documents.services import documents
from tests.test_other_company import NEW, make_company, make_documents


async def test_the_number_of_a_deleted_row_is_free(client: httpx.AsyncClient) -> None:
    headers, statuses, ids = {"X-Company": str(await make_company())}, [], []
    for _ in range(2):
        answer = await client.post("/documents", json=NEW, headers=headers)
        ids.append(answer.json()["id"])
        again = await client.post("/documents", json=NEW, headers=headers)
        await client.delete(f"/documents/{ids[-1]}", headers=headers)
        statuses += [answer.status_code, again.status_code]
    for document_id in ids:
        answer = await client.post(f"/documents/{document_id}/restore", headers=headers)
        statuses.append(answer.status_code)
    assert statuses == [201, 409, 201, 409, 200, 409]


async def test_two_companies_may_use_the_same_number(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        headers = {"X-Company": str(await make_company())}
        assert (await client.post("/documents", json=NEW, headers=headers)).status_code == 201


async def test_another_constraint_is_no_taken_number(database: None) -> None:
    async with of_company(uuid4()):  # a foreign key refuses the unknown company
        with pytest.raises(IntegrityError):
            await create(DocumentIn.model_validate(NEW))
        assert not await Document.exists()  # the transaction goes on


async def test_a_deleted_row_lives_30_days_longer(client: httpx.AsyncClient) -> None:
    company_id = await make_company()
    live, deleted = await make_documents(company_id)
    headers, row = {"X-Company": str(company_id)}, QuerySet(Document).filter(id=deleted.id)
    not_deleted = await client.post(f"/documents/{live.id}/restore", headers=headers)
    assert not_deleted.status_code == 404

    await row.update(deleted_at=timezone.now() - documents.RESTORABLE + timedelta(hours=1))
    assert await documents.purge() == 0
    assert (await client.post(f"/documents/{deleted.id}/restore", headers=headers)).status_code == 200

    await row.update(alive=None, deleted_at=timezone.now() - documents.RESTORABLE)
    assert (await client.post(f"/documents/{deleted.id}/restore", headers=headers)).status_code == 404
    assert await documents.purge() == 1
    assert await QuerySet(Document).values_list("id", flat=True) == [live.id]


async def test_save_of_an_old_object_restores_a_row_of_any_company(database: None) -> None:
    """WRONG: so the services use update()."""
    live, _ = await make_documents(await make_company())
    old = await QuerySet(Document).get(id=live.id)
    await QuerySet(Document).filter(id=live.id).update(alive=None, deleted_at=timezone.now())
    await old.save()  # outside of of_company()
    assert await QuerySet(Document).filter(id=live.id, alive=True, deleted_at=None).exists()


async def test_the_purge_of_two_companies(database: None) -> None:
    """More rows than a batch has, in each company. Live rows and newly deleted rows stay."""
    old, kept = timezone.now() - documents.RESTORABLE, set()
    for company_id in (await make_company(), await make_company()):
        kept |= {row.id for row in await make_documents(company_id)}
        for number in ("a", "b", "c"):
            values: dict[str, Any] = {"title": "T", "body": "B", "alive": None, "deleted_at": old}
            await Document.create(company_id=company_id, number=number, **values)
    assert await documents.purge(size=2) == 6
    assert set(await QuerySet(Document).values_list("id", flat=True)) == kept


async def test_the_pages_of_two_companies(client: httpx.AsyncClient) -> None:
    for company_id in (await make_company(), await make_company()):
        made: list[UUID] = []
        for number in ("a", "b", "c"):
            body = NEW | {"number": number}
            answer = await client.post("/documents", json=body, headers={"X-Company": str(company_id)})
            made.insert(0, answer.json()["id"])  # the newest comes first
        await make_documents(company_id)  # one is deleted
        (live,) = await QuerySet(Document).filter(company_id=company_id, number="1")
        expected, seen, after = [str(live.id), *map(str, made)], [], None
        while True:
            params = {"limit": 3} | ({"after": after} if after else {})
            answer = await client.get("/documents", params=params, headers={"X-Company": str(company_id)})
            page = answer.json()
            seen.append([row["id"] for row in page["items"]])
            if not (after := page["next"]):
                break
        assert seen == [expected[:3], expected[3:]]


async def test_a_cursor_of_another_company_shows_no_row_of_it(client: httpx.AsyncClient) -> None:
    mine, other = await make_company(), await make_company()
    for company_id in (mine, mine, other):
        body = NEW | {"number": str(await QuerySet(Document).all().count())}
        await client.post("/documents", json=body, headers={"X-Company": str(company_id)})
    first = await client.get("/documents", params={"limit": 1}, headers={"X-Company": str(mine)})
    after = first.json()["next"]
    page = await client.get("/documents", params={"after": after}, headers={"X-Company": str(other)})
    assert page.json() == {"items": [], "next": None}
