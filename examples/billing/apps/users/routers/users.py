"""/users"""

from uuid import UUID

from fastapi import APIRouter, status

from apps.users.models import User
from apps.users.schemas import UserIn, UserOut
from apps.users.services import deactivate_user, register_user

router = APIRouter(prefix="/users", tags=["users"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(body: UserIn) -> UserOut:
    user = await register_user(email=body.email, full_name=body.full_name)
    return UserOut.model_validate(user)


@router.get("/{user_id}")
async def get(user_id: UUID) -> UserOut:
    return UserOut.model_validate(await User.get(id=user_id))


@router.delete("/{user_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete(user_id: UUID) -> None:
    await deactivate_user(user_id)
