#!/bin/sh
# What the tests need beside Python: a real Redis to test the store against, openssl to make a
# certificate, and a browser to look at the pages with. Installs Debian's packages where that is
# possible and they are missing; the tests that need them fail, and say so, when there are none.
set -eu
missing=
for one in redis-server openssl chromium; do
    command -v "$one" >/dev/null 2>&1 || missing="$missing $one"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing for the tests:$missing"
    # shellcheck disable=SC2086 # several words
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "not installed, so some tests will fail:$missing" >&2
fi
