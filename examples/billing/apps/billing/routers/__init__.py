"""The HTTP routes of the sub-application."""

from fastapi import APIRouter

from apps.billing.routers import customers, invoices

router = APIRouter()
router.include_router(customers.router)
router.include_router(invoices.router)

__all__ = ["router"]
