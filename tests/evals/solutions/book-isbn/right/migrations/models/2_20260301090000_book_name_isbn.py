from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "book" RENAME COLUMN "title" TO "name";
        ALTER TABLE "book" ADD "isbn" VARCHAR(13) NOT NULL DEFAULT '';"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TABLE "book" DROP COLUMN "isbn";
        ALTER TABLE "book" RENAME COLUMN "name" TO "title";"""


MODELS_STATE = (
    "eJztWV1v2zYU/SuEnjIgCxI7aZtgKOCkDuJ1sQNHXYtug0BJtE1EIlWKmmNk/u8jqW9K8u"
    "TMzuLOL4l5eS/Few5Fnks9GT51kRce9SI+o8y4AE8GgT4SP7SeQ2DAIMjt0sCh7SlXmPvY"
    "IWfQ4cI6gV6IhMlFocNwwDEl0vfzjII5wxypIVzqiABMprLLnCGgxjwEkLiAi+YcLoANnQ"
    "fAqWrblD6ERzIyIvhbhCxOp0h0yKn/9ocwY+KiRzF20gwerAlGnlvKDLtyAGW3+CJQtk+f"
    "Bh+ulaeclW051It8knsHC5EiydyjCLtHMkb2TRFBDHLkFrImkecl8KSmeMbCwFmEsqm6uc"
    "FFExh5Ejvjp0lEHAkZUE+Sf07fJ1MruFnWcGRa933TsowK1HIKGsSJyaFE0oQJl0A9LeNx"
    "c0CU1ZAPuLrpjQ+6b35QENCQT5nqVHAZSxUIOYxDFeg5yg5DEhML8iraH0QPxz6qR7wcqS"
    "HvJqFH6Y/nMJAacgry1ZqCm8K3BcANkaA7It4i4X4FAebgtn9v9m7v5OP8MPzmKfx6Zl/2"
    "dJR1oVkPYr6oeBHj9zMbBHwemDdANsHX0bCvs5r5mV8NOSfxXlOL0LkF3cIyTa0pasIzZz"
    "0K3GeyXo7cs/5aWE8xKtCezD5nXf2v8H01g6ye69RfY1mgtYu8+vDR8hCZ8plonhwfryD2"
    "195YbanCS2NrmHR14r7lUh5fk4fC1ioN8iycQ+ZapZ6cCHU+Vpm4TMKuP46RB1WCVfSTA/"
    "9SDLGDLCzTNZZa03UqYaMd2gRktcvv+LoFEjhVKclnyycVsaoRTSmGzZLJTj1aCCbIgQMJ"
    "sBEQq4w3y6YLwBJ2D4FiQckoylzEWkqmJyNPPFF1ltA/0gs9BmK/CMXgGSyZnnq0ZDpWHi"
    "AzTVaVoWJFjqqx3IuyvSh7nRvIjh7Pe1H2f2R9L8rWEmWdVqKss0KUdWJRVsQXhzZZB9/U"
    "/+XwNbZ1OGmSt9tG8XabBW9Xh9YWWcnn16LbJ5GvEB6IOUHioArShfAXBDuAAWJrIm5c/T"
    "Iyby6A41E++53c9e764wuQj7QmE+ctiDhv5OFcp8GhAUY15cSA8AaRkAVouONYt24D95Nt"
    "rfGpnMGPnZPTt6fvum9O3wkXNcvM8nYF2oOhqYGZaveWUKbuLwfk8Y4AWSoz2hYMpaBN1g"
    "2vo+x9RplQuV/QEa7Ce00ZwlPyES0q+2/9XUL+8WA3Ya3cJggzg/OsfC0vK5G/yBpxhcBY"
    "yLfx4MqMS976e5ttXk30EMPOzKj7ohP3HK78opP7/NMFRTOmG/5E07hV1r7UNRtlQuC/uw"
    "XYpmbdyEbZXPz/iViYXP211ayFkO+xLDg7a1MWnJ01lwWyTzuexEu1BsKJ+3eI7sZuwsuS"
    "lPBaIfXz/WjYJEqzEP0CAzsc/AU8HG5NVP03R78Eo3RLkWJ6cNv7osMtSpBLXSPIAS7X+w"
    "ix+cNs+Tcuzmoh"
)
