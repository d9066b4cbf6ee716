#!/bin/sh
# The post-renderer by path, for Helm 3: `--post-renderer path/to/hook.sh`; the Helm 4 plugin runs it too.
# The environment's postrender comes first, then the one that `make` put into this checkout.
hook=$(readlink -f "$0")
for postrender in "$(command -v postrender)" "${hook%/*}/.venv/bin/postrender"; do
    # A link to this file that is called postrender would run itself for ever.
    [ -x "$postrender" ] && [ "$(readlink -f "$postrender")" != "$hook" ] && exec "$postrender" "$@"
done
echo "postrender is not installed: run \`make venv\` in ${hook%/*}, or put a postrender on PATH" >&2
exit 1
