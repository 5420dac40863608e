#!/bin/sh
# Runs the command that the container was given. Without a command it serves the application.
# It does not migrate. If it did, a broken migration would stop each new container.
set -eu
if [ "$#" -eq 0 ]; then
    # After SIGTERM, a request has 25 seconds. Docker and Kubernetes must wait longer before they kill.
    set -- uvicorn main:app --host 0.0.0.0 --port "${PORT:-8000}" --timeout-graceful-shutdown 25
fi
exec "$@"
