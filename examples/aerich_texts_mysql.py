# snippet: needs="mysql, aerich, tortoise>=1.1.8"
"""MariaDB and MySQL: a longer column loses the DEFAULT that db_default= has made, in the draft of Aerich.

MariaDB refuses the zone in the DEFAULT of a time.

An index of a renamed table keeps its name.

In the texts that Aerich writes, a backslash begins an escape sequence, and an apostrophe ends the text.

By hand: DATABASE_URL=mysql://user:password@host/database python examples/aerich_texts_mysql.py
"""

import importlib
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
keys: Any = importlib.import_module("large_keys")  # its helpers


def texts() -> None:
    keys.with_aerich()
    (keys.APP / "shop.py").write_text(keys.MODELS + r'    code = fields.CharField(9, default="a\\b")')
    keys.aerich_draft("code")
    keys.aerich("upgrade")
    assert keys.sql("SELECT code FROM tag")[0] == {"code": "a\b"}  # two characters: a and backspace
    seen = "    seen = fields.DatetimeField(default=datetime(2000, 1, 1, tzinfo=UTC))"
    (keys.APP / "shop.py").write_text("from datetime import UTC, datetime\n" + keys.MODELS + seen)
    assert "DEFAULT '2000-01-01 00:00:00+00:00'" in keys.aerich_draft("seen")
    if "MariaDB" in keys.sql("SELECT VERSION() AS v")[0]["v"]:
        assert "1067" in keys.aerich("upgrade", expect=1)
    (file,) = keys.APP.glob("aerich/models/*_seen.py")
    file.write_text(file.read_text().replace("+00:00", ""))
    keys.aerich("upgrade")
    (keys.APP / "shop.py").write_text(keys.MODELS + """    note = fields.CharField(9, description="it's")""")
    keys.aerich_draft("note")
    assert "1064" in keys.aerich("upgrade", expect=1)
    word = '    word = fields.CharField(max_length={}, db_default="x")'
    keys.sql("ALTER TABLE tag ADD word VARCHAR(9) NOT NULL DEFAULT 'x'", "SELECT 1")
    (keys.APP / "shop.py").write_text(keys.MODELS + word.format(9))
    keys.aerich_draft("word", "--empty")
    (keys.APP / "shop.py").write_text(keys.MODELS + word.format(19))
    modify = "ALTER TABLE `tag` MODIFY COLUMN `word` VARCHAR(19) NOT NULL;"
    assert modify in keys.aerich_draft("longer")
    default = "SELECT column_default AS word FROM information_schema.columns WHERE column_name = 'word' "
    default += "AND table_schema = DATABASE()"
    assert keys.sql(default)[0]["word"] is not None
    assert keys.sql(modify, default) == [{"word": None}]


def index_names() -> None:
    """A renamed table keeps the name of its index, so a later file fails, unless RENAME INDEX came before."""
    meta = "    class Meta:\n        table = '{0}'\n        {1}\n\n    uses"
    index = meta.format("{0}", "indexes = (Index(fields=('uses',), name='ix_{0}'),)")
    shop, head = keys.APP / "shop.py", "from tortoise.indexes import Index\n" + keys.MODELS
    keys.with_aerich()
    shop.write_text(head.replace("    uses", index.format("tag")))
    keys.aerich_draft("index")
    keys.aerich("upgrade")
    shop.write_text(head.replace("    uses", index.format("mark")))
    keys.aerich_draft("mark", "--empty")
    (file,) = keys.APP.glob("aerich/models/*_mark.py")
    file.write_text(file.read_text().replace('"""\n        """', '"ALTER TABLE tag RENAME TO mark"', 1))
    keys.aerich("upgrade")
    shop.write_text(keys.MODELS.replace("    uses", meta.format("mark", "")))
    assert "ALTER TABLE `mark` DROP INDEX `ix_mark`" in keys.aerich_draft("no_index")
    assert "1091" in keys.aerich("upgrade", expect=1)
    keys.sql("ALTER TABLE mark RENAME INDEX ix_tag TO ix_mark", "SELECT 1")
    keys.aerich("upgrade")
    keys.sql("DROP TABLE mark", "SELECT 1")


if __name__ == "__main__":
    keys.set_up()
    texts()
    index_names()
