from .article import Article, Author, Comment, State, Tag, published
