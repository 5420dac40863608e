"""The project of tenant-records.md, in the current folder: the hidden prelude of two pages runs this file."""

import re
import shutil
from pathlib import Path

import tortoise_dev

PAGE = Path(tortoise_dev.__file__).parents[2] / "references" / "tenant-records.md"
COMPANIES = """\
from tortoise import fields, models


class Company(models.Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=200)

"""
PACKAGES = {
    "apps/companies/models/__init__.py": COMPANIES,
    "apps/companies/models/company.py": "from apps.companies.models import Company as Company\n",
    "apps/documents/models/__init__.py": "from apps.documents.models.document import Document as Document\n",
}
CHANGES = {
    "main.py": {
        "from apps.billing.routers import router as billing\n": "",
        "apps.users.routers import router as users": "apps.documents.routers import router as documents",
        "app.include_router(billing)\napp.include_router(users)": "app.include_router(documents)",
    },
    "config/tortoise.py": {
        '"apps.users.models"': '"apps.companies.models", "apps.documents.models", "aerich.models"',
        '            "migrations": "migrations",\n': "",
    },
    "pyproject.toml": {
        "[tool.tortoise]": '[tool.aerich]\nlocation = "./migrations"\nsrc_folder = "./."',
    },
}


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


for path, text in PACKAGES.items():
    write(path, text)
for title, code in re.findall(
    r'```python title="(.+?)"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL
):
    write(title, code)
if Path("main.py").exists() and "apps.billing" in Path("main.py").read_text(
    encoding="utf-8"
):  # examples/billing, as it is copied for a page
    shutil.rmtree("migrations")  # those of the built-in tool
    for path, changes in CHANGES.items():
        text = Path(path).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        write(path, text)
