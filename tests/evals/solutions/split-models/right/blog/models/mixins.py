"""What several models can do."""


class Shouting:
    def shout(self) -> str:
        return str(self).upper()
