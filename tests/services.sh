#!/bin/sh
# What the tests need beside Python: a real Redis to test the store against, and openssl to
# make a certificate. Installs Debian's packages where that is possible and they are missing;
# the tests that need Redis fail, and say so, when there is none.
set -eu
command -v redis-server >/dev/null 2>&1 && command -v openssl >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing redis-server and openssl for the tests"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server openssl >/dev/null
else
    echo "redis-server is not installed: the store's tests against it will fail" >&2
fi
