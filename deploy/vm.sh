#!/usr/bin/env bash
# Runs on the VM, as root: brings what lies in ~/new of whoever copied it there into its place, restarts the bot, and puts
# everything back if that does not get ready. docs/DEPLOYING.md says what calls it.
set -euo pipefail

new=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)/new
etc=/etc/pagerslack
trap 'rm -rf "$new"' EXIT

known() { # FILE: what systemd takes from there; plain NAME=value lines.
    set -a
    # shellcheck source=/dev/null
    . "$1"
    set +a
}

# The new binary judges the new configuration, beside which the secrets stand, before anything is replaced.
chmod 0755 "$new/pagerslack"
(
    known "$new/secrets.env"
    cd "$new"
    PAGERSLACK_CONFIG=pagerslack.toml ./pagerslack config check
)

place() { # FOLDER: puts a binary, a unit and a configuration from there into their places
    install -m 0755 "$1/pagerslack" /usr/local/bin/pagerslack
    install -m 0644 "$1/pagerslack.service" /etc/systemd/system/pagerslack.service
    install -m 0600 -o root -g root "$1/secrets.env" "$etc/secrets.env"
    for file in pagerslack.toml oncall.csv holidays.yml exclusions.yml; do
        if [[ -s $1/$file ]]; then
            install -m 0640 -o root -g pagerslack "$1/$file" "$etc/$file"
        else
            rm -f "$etc/$file"
        fi
    done
    systemctl daemon-reload
    systemctl enable --quiet pagerslack
    systemctl restart pagerslack
}

ready() ( # Whether it gets ready within half a minute, wherever it listens.
    known "$etc/secrets.env"
    for _ in {1..30}; do
        if PAGERSLACK_CONFIG=$etc/pagerslack.toml /usr/local/bin/pagerslack health --ready 2>/dev/null; then
            exit 0
        fi
        sleep 1
    done
    exit 1
)

old=$(mktemp -d /var/tmp/pagerslack-before.XXXXXX)
# What is there now; nothing at the first time.
for file in /usr/local/bin/pagerslack /etc/systemd/system/pagerslack.service "$etc"/*; do
    if [[ -f $file ]]; then
        cp --preserve=mode "$file" "$old/"
    fi
done

place "$new"
if ready; then
    rm -rf "$old"
    exit 0
fi
journalctl --unit pagerslack --lines 50 --no-pager >&2
if [[ -f $old/pagerslack && -f $old/secrets.env ]]; then
    echo "It does not get ready; what was there before is put back. A database that the new version has brought up to" \
        "date is refused by the old one: restore the backup then." >&2
    place "$old"
fi
rm -rf "$old"
exit 1
