#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/quickstart tells a true story, what it prints to try next works as printed, and nothing goes on running. TAP.
set -uo pipefail

top=$(cd "${1:?the top folder of the sources}" && pwd -P) || exit 1
cd "$top" || exit 1
world=build/quickstart
transcript=$world/transcript.txt
number=0
failed=0

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
    grep -qF -- "$1" "$transcript"
}

# What stands below one command up to the next, or up to the end of its chapter.
below()
{
    sed -n "\\#^$1#,/^\$/p" "$transcript" | sed -e 1d -e '/^[a-z/-]*  *\$ /,$d'
}

below_says()
{
    below "$1" | grep -qE -- "$2"
}

# A report's claims in order, each with what was found: "intact holds, contents not checked".
claims()
{
    below "$1" | sed -n 's/^\([a-z]*\)  *\(holds\|fails\|not checked\) .*/\1 \2/p' | paste -sd , -
}

left_behind()
{
    local file
    for file in operator/ledger.db {operator,acme,globex,initech}/trust.json evidence.json transcript.txt env; do
        [ -f "$world/$file" ] || return 1
    done
}

keys_are_for_their_owners_alone()
{
    [ "$(find $world -name '*.key' | wc -l)" = 16 ] && [ -z "$(find $world -name '*.key' ! -perm 600)" ]
}

# The certificate is for whoever dials; its key is not.
the_certificate_can_be_read()
{
    [ "$(stat -c %a $world/operator/door.pem)" = 644 ] && [ "$(stat -c %a $world/operator/door.key)" = 600 ]
}

# No two of them pin the same.
trust_files_differ()
{
    local party
    [ "$(for party in operator acme globex initech; do
        sha256sum <$world/$party/trust.json
    done | sort -u | wc -l)" = 4 ]
}

# initech has the log key, acme's admins and the door's certificate; of the operator's admins it knows nothing.
initech_pins_what_it_says()
{
    local pinned
    pinned=$(custody trust show $world/initech/trust.json) || return 1
    grep -q '^quorum  *witnesses' <<<"$pinned" && [ "$(grep -c '^admin' <<<"$pinned")" = 2 ] && ! grep -q '^admin  *operator' <<<"$pinned" &&
        grep -q '^log key  *custody.example/refunds+' <<<"$pinned" && grep -q 'certificate sha256 ' <<<"$pinned"
}

# Whoever has no pin for the door doesn't speak with it.
unpinned_is_refused()
{
    local status=0 text
    text=$(CUSTODY_TRUST=$world/operator/trust.json custody info 2>&1) || status=$?
    [ "$status" = 1 ] && grep -q '\[certificate\]' <<<"$text"
}

# A byte of a signature in the file changed: status 1, and the claim is named.
altered_is_refused()
{
    local copy status=0 text
    copy=$(mktemp)
    sed 's/"sig":"+/"sig":"A/;t;s/"sig":"./"sig":"+/' $world/evidence.json >"$copy"
    text=$(custody-verify --trust $world/initech/trust.json "$copy" 2>&1) || status=$?
    rm -f "$copy"
    [ "$status" = 1 ] && grep -q 'fails *\[' <<<"$text"
}

# Processes of the story work in its folder.
nobody_is_left()
{
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        case $(readlink "$cwd") in
        "$top/$world"*) return 1 ;;
        esac
    done
}

# A socket's address holds no spaces, the path of the folder may.
works_under_a_path_with_a_space()
{
    local elsewhere status=0
    elsewhere=$(mktemp -d)
    ln -s "$top" "$elsewhere/a folder"
    "$elsewhere/a folder/tools/quickstart" --no-setup || status=$?
    rm -r "$elsewhere"
    [ "$status" = 0 ] && [ -L $world/door ] && away=$(readlink $world/door) && [ -d "$away" ] && says "$away, which"
}

# The story after it points to it no more; a folder of somebody else's world stays.
the_socket_s_folder_is_gone()
{
    [ -n "$away" ] && [ ! -e "$away" ] && [ -d "$kept" ]
}

# Ended in the middle by a signal to all of it, as a terminal does.
interrupted_leaves_nobody()
{
    local group status=0
    setsid tools/quickstart --no-setup >build/quickstart-test.log 2>&1 &
    group=$!
    for _ in $(seq 600); do
        grep -qs event=listening build/quickstart-test.log && break
        sleep 0.05
    done
    kill -TERM -- "-$group"
    wait "$group" || status=$?
    [ "$status" != 0 ] && grep -q event=listening build/quickstart-test.log && nobody_is_left
}

# Where a network of one's own can be had, whose loopback device is down.
without_loopback_it_says_so()
{
    local status=0 text
    text=$(unshare -rn tools/quickstart --no-setup 2>&1) || status=$?
    [ "$status" = 1 ] && grep -q "the loopback device is down" <<<"$text"
}

ready()
{
    local file=$1 words=$2
    for _ in $(seq 200); do
        grep -qs -- "$words" "$file" && return 0
        sleep 0.1
    done
    return 1
}

mkdir -p build
away=
other=$(mktemp -d)
kept=$(mktemp -d /tmp/custody-quickstart.XXXXXX)
ln -s "$kept" "$other/door"
printf '%s' "$other" >"$kept/of"
check "tools/quickstart works under a path with a space" works_under_a_path_with_a_space
check "ended in the middle it leaves no process" interrupted_leaves_nobody
if unshare -rn true 2>/dev/null; then
    check "without loopback it says so" without_loopback_it_says_so
fi
began=$SECONDS
tools/quickstart --no-setup >build/quickstart-test.log 2>&1
check "tools/quickstart exits 0" test $? = 0
check "in less than a minute" test $((SECONDS - began)) -lt 60
check "it leaves no process" nobody_is_left
check "it leaves its files" left_behind
check "but no folder of a former story" the_socket_s_folder_is_gone
rm -r "$other" "$kept"
check "others may read the door's certificate alone" the_certificate_can_be_read
check "its keys are for their owners alone" keys_are_for_their_owners_alone
check "every party pins something else" trust_files_differ
if ! . $world/env; then
    echo "Bail out! no $world/env"
    exit 1
fi
check "initech pins what it says" initech_pins_what_it_says

at=${CASE:?}
check "the request is held" below_says "acme/refund-agent \\$ custody request" '^state +HELD$'
check "the difference is shown" below_says "acme/alice  *\\$ custody patch $at" '^  /amount  500 -> 250$'
check "one approval is not enough" below_says "acme/alice  *\\$ custody approve $at" '^state +HELD: more approvals'
check "the second releases it" below_says "acme/bob  *\\$ custody approve $at" '^state +RELEASED$'
check "what Bob signs is 250, and travels" below_says "acme/bob  *\\$ custody approve $at" '^travels to +globex$'
check "the scope is shown" below_says "globex/fulfilment \\$ custody handoffs $at" '^  releases   1: the case alone$'
check "with the obligations" below_says "globex/fulfilment \\$ custody handoffs $at" '^  takes on   pay once'
check "accepted, it is released at once" below_says "globex/fulfilment \\$ custody accept $at" '^state +RELEASED$'
check "it paid 250, once" test "$(cat $world/globex/side-effect.txt)" = "refund-tool: paid back 250 EUR to C-2041"
check "the second consume is refused" below_says "globex/fulfilment \\$ custody consume $at\$" '\[double-consume\]$'
check "whoever handed it on can't consume" below_says "acme/refund-agent \\$ custody consume $at" '\[not-holder\]$'
check "the outcome is reported" below_says "globex/fulfilment \\$ custody outcome $at" '^state +FULFILLED$'
all="checkpoint holds,intact holds,complete holds,enrolled holds,signed holds,lawful holds"
check "initech audits claim by claim" test "$(claims "initech/auditor  *\\$ custody audit")" = \
    "$all,contents not checked,seen holds,unique holds,witnessed holds,alike holds,when holds,cases holds"
check "and says on whose word" below_says "initech/auditor  *\\$ custody audit" \
    "^enrolled +holds .*pinned: acme; on the log key's word: globex, initech, operator\$"
check "its witness vouches for all of it" below_says "initech/auditor  *\\$ custody audit" '^alike +holds  +cosigned by w1'
check "and says by when" below_says "initech/auditor  *\\$ custody audit" '^when +holds  +all 21 entries existed by .*, says a quorum of w1'
check "and judges the evidence" test "$(claims "initech  *\\$ custody-verify")" = \
    "$all,contents holds,seen holds,unique not checked,quorum holds,once holds,between holds,witnessed holds,when holds"
check "the edited payload was named" says "[blob-mismatch] entry 8: member payload of the request"
check "the edited amount was named" says "[blob-mismatch] entry 10: member result of the patch"
check "nothing else failed" test "$(claims "acme  *\\$ custody audit --db")" = \
    "$all,contents fails,seen holds,unique holds,alike holds,when not checked,cases holds,stored holds"

check "evidence verifies" custody-verify --trust $world/initech/trust.json $world/evidence.json
check "altered evidence does not" altered_is_refused
custodyd --config $world/operator/custodyd.json 2>build/quickstart-again.log &
custodian=$!
check "the custodian starts again" ready build/quickstart-again.log event=ready
check "a door that is not pinned is refused" unpinned_is_refused
check "custody show" custody show "$CASE"
custody run --service site --action publish --key "$agent" -- echo "the site is out" \
    >build/quickstart-run.out 2>build/quickstart-run.log &
running=$!
check "custody run asks" ready build/quickstart-run.log '--resume'
check "and runs nothing yet" test ! -s build/quickstart-run.out
timeout -s INT 5 custody watch --lines >build/quickstart-watch.log 2>&1 &
watching=$!
check "custody watch tells Bob of it" ready build/quickstart-watch.log 'waits .* site publish .* 0 of 1 for ledger'
wait $watching
held=$(sed -n 's/^custody: asked case \([0-9a-f]*\).*/\1/p' build/quickstart-run.log)
check "Bob approves it" custody approve "$held" --yes
wait $running
check "custody run ends with 0" test $? = 0
check "the command ran, once" test "$(cat build/quickstart-run.out)" = "the site is out"
kill -TERM "$custodian"
wait "$custodian"
check "the custodian ends with 0" test $? = 0
echo "1..$number"
exit "$failed"
