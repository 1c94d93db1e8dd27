#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/quickstart tells a true story, and the five commands that it prints work as printed. TAP.
set -uo pipefail

top=${1:?the top folder of the sources}
cd "$top" || exit 1
number=0
failed=0
custodian=

check()
{
    local what=$1
    shift
    number=$((number + 1))
    if "$@" >/dev/null 2>&1; then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        failed=1
    fi
}

says()
{
    grep -qF -- "$1" build/quickstart/transcript.txt
}

left_behind()
{
    local file
    for file in ledger.db evidence.json trust.json keys transcript.txt; do
        [ -e "build/quickstart/$file" ] || return 1
    done
}

# A byte of a signature in the file changed: status 1, and the claim is named.
altered_is_refused()
{
    local copy status=0 text
    copy=$(mktemp)
    sed 's/"sig":"+/"sig":"A/;t;s/"sig":"./"sig":"+/' build/quickstart/evidence.json >"$copy"
    text=$(custody-verify --trust build/quickstart/trust.json "$copy" 2>&1) || status=$?
    rm -f "$copy"
    [ "$status" = 1 ] && grep -q 'fails *\[' <<<"$text"
}

# A socket's address holds no spaces, the path of the folder may.
works_under_a_path_with_a_space()
{
    local elsewhere status=0
    elsewhere=$(mktemp -d)
    ln -s "$top" "$elsewhere/a folder"
    "$elsewhere/a folder/tools/quickstart" --no-setup || status=$?
    rm -r "$elsewhere"
    [ "$status" = 0 ] && [ -L build/quickstart/door ]
}

mkdir -p build
check "tools/quickstart works under a path with a space" works_under_a_path_with_a_space
tools/quickstart --no-setup >build/quickstart-test.log 2>&1
check "tools/quickstart exits 0" test $? = 0
check "it leaves its files" left_behind
check "it paid 250, once" test "$(cat build/quickstart/side-effect.txt)" = "refund-tool: paid back 250 EUR to C-2041"
check "the second worker was refused" says "[double-consume]"
check "the edited payload was named" says "entry 6: member payload of the request"
check "the edited amount was named" says "entry 8: member result of the patch"
if ! . build/quickstart/env; then
    echo "Bail out! no build/quickstart/env"
    exit 1
fi
check "evidence verifies" custody-verify --trust build/quickstart/trust.json build/quickstart/evidence.json
check "altered evidence does not" altered_is_refused
custodyd --config build/quickstart/custodyd.json 2>build/quickstart/again.log &
custodian=$!
for _ in $(seq 100); do
    grep -qs event=ready build/quickstart/again.log && break
    sleep 0.1
done
check "the custodian starts again" grep -q event=ready build/quickstart/again.log
check "custody show" custody show "$CASE"
check "custody log" custody log --last 5
kill -TERM "$custodian"
wait "$custodian"
check "the custodian ends with 0" test $? = 0
echo "1..$number"
exit "$failed"
