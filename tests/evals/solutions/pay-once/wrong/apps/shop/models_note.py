# The models were changed, too.
