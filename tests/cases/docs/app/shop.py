from functools import cache


@cache
def price(name):
    return len(name)


class Basket:
    names = ["apple"]

    def total(self):
        # all of them
        return sum(map(price, self.names))
