"""Both databases understand this SQL, so there is one text, as `aerich migrate` wrote it."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "book" ADD "copies" INT NOT NULL DEFAULT 1;
        ALTER TABLE "book" ADD "lent" INT NOT NULL DEFAULT 0;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "book" DROP COLUMN "copies";
        ALTER TABLE "book" DROP COLUMN "lent";"""


MODELS_STATE = (
    "eJztWWtv2zYU/SuEPmVAFiRu0jbBMMBJHcTrYgeOug7tBoGWaJuIRKoUNcfI/N/HS71frp"
    "zabZzlS2LdB8V7DkWeKz0YHneIGxx0QznjwjhDDwbDHlE/Sp59ZGDfz+xgkHjs6lCcxYwD"
    "KbAtlXWC3YAok0MCW1BfUs4g9uOMo7mgkughHG6rBMqm4DJnBOkx9xFmDpLqco4XaIztOy"
    "S5vh5zfhccQGbI6JeQWJJPiXLA1D//rcyUOeRejR1f+nfWhBLXKVRGHRhA2y258LXtw4f+"
    "u0sdCbMaWzZ3Q49l0f5ClcjS8DCkzgHkgG9KGBFYEidXNQtdN4YnMUUzVgYpQpJO1ckMDp"
    "ng0AXsjF8mIbMBMqTvBH+Of42nlguzrMHQtG57pmUZFahhCiWIY5PNGdBEmQSgHpbRuBkg"
    "2mrADS6uuqO9V69/0hDwQE6Fdmq4jKVOxBJHqRr0DGVbEMDEwrKK9jvlkdQj9YgXM0vIO3"
    "HqQfLjMQwkhoyCbLUm4CbwbQFwQxXoDJm7iLlfQYDZv+7dmt3rG7idFwRfXI1f1+yBp6Ot"
    "i5J1L+KLqwcxej7TQdDHvnmF4BJ9Gg56ZVbTOPOTAXNSzzW3GJ9b2Mkt08SaoKYiM9ZD33"
    "kk68XMF9afCusJRjna49lnrOv/Fb4vZljUc53El1hWaO0irx6+t1zCpnKmLo8OD1cQ+0d3"
    "pLdUFVViaxC7OpFvuYTja3KX21rBAGfhHAvHKngyIvT5WGXiPE67fD8iLtYFVtGPD/xzNc"
    "QOsrBM1lhiTdYpwMY7vAnIqsvreGULZniqS4J7w53yWNWIpgTDZsk0TiJaCCYskY0ZGhOk"
    "Vplslk1nSMTs7iPNgpZRXDhEtJRMD0ZWeKzqLKV/IIrc+2q/CNTgKSypnrq3oBwrS4BK41"
    "Vl6FxVo75YvoiyF1H2NDeQHT2eX0TZ/5H1NqJMUumupcrShGcoyzqtZFlnhSzrRLIsj/BY"
    "lQZTqMW4x0JP49xX08LMJhW8c+nfD3HDxz4Ra55axsXvQ/PqDNkul7O/2E33pjc6Q9lIa5"
    "Jx2oKK00YiTss02NynpEb19plsOMvShBLuNJJX28D9aFvLfAoz+LlzdPzm+O2r18dvVYie"
    "ZWp5swLt/sAsgZlIzJZQJuHfD8jDHQGyoIbb6tpC0ibl7dPozh6hZittcBnhKryXXBA6Ze"
    "/JorL/1re82Tvu3YS10vQqs8DztMsqLitVv6qaSI3ASKmMUf/CjDqz+tcL2+ygu0RQe2bU"
    "fXiIPPsrPzxkMV/ro5sx3fCXhMatsvahrtkoYwK/rVndprDayEbZ3KP+Q0QQv6Fqq1xzKc"
    "9Ru56ctNGuJyfN2hV8peNJPVRrIByHP0N0N/bCtihJmawVUr/dDgdNojRNKffZ1JboX+TS"
    "YGui6scc/QBGoZlOMN277v5Zhlu1IOdljQADnK/3rnzzh9nyP51M/i0="
)
