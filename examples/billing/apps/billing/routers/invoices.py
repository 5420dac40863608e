"""/invoices"""

from uuid import UUID

from fastapi import APIRouter, status
from tortoise import timezone

from apps.billing.schemas import InvoiceDetailOut, InvoiceIn, InvoiceOut
from apps.billing.services import create_invoice, get_invoice, list_invoices, list_overdue, settle_invoice
from apps.common.schemas import Limit, Offset, Page

router = APIRouter(prefix="/invoices", tags=["invoices"])


@router.get("")
async def index(paid: bool | None = None, limit: Limit = 20, offset: Offset = 0) -> Page[InvoiceOut]:
    invoices, total = await list_invoices(paid=paid, limit=limit, offset=offset)
    return Page(items=[InvoiceOut.model_validate(invoice) for invoice in invoices], total=total)


@router.get("/overdue")
async def overdue(limit: Limit = 20, offset: Offset = 0) -> list[InvoiceOut]:
    invoices = await list_overdue(timezone.now(), limit=limit, offset=offset)
    return [InvoiceOut.model_validate(invoice) for invoice in invoices]


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(body: InvoiceIn) -> InvoiceOut:
    invoice = await create_invoice(
        number=body.number,
        customer_id=body.customer_id,
        amount=body.amount,
        due_at=body.due_at,
        note=body.note,
    )
    return InvoiceOut.model_validate(invoice)


@router.get("/{invoice_id}")
async def get(invoice_id: UUID) -> InvoiceDetailOut:
    return InvoiceDetailOut.model_validate(await get_invoice(invoice_id))


@router.post("/{invoice_id}/settle")
async def settle(invoice_id: UUID) -> InvoiceDetailOut:
    await settle_invoice(invoice_id)
    return InvoiceDetailOut.model_validate(await get_invoice(invoice_id))
