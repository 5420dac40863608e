#!/bin/sh
# Runs the command that the container was given; without one, serves the application.
# It does not migrate: a broken migration would then stop each container that restarts, old ones too.
set -eu
if [ "$#" -eq 0 ]; then
    set -- uvicorn main:app --host 0.0.0.0 --port "${PORT:-8000}"
fi
exec "$@"
