#!/usr/bin/env bash
# Make the real example logs again: examples/logs/{ssh,web,linux,audit} and their rows of labels.csv.
#
# Real servers are attacked on loopback by real tools. All of it happens in a throw-away copy of this machine's
# root file system (an overlay in memory) with its own mounts, host name, process table and a network that has
# only loopback; users, packages, processes and files in it are gone when the script ends, however it ends.
# Only the kernel's audit switch lies outside: it is turned on for the run, where nobody uses it, and off again.
#
# Needs root with CAP_SYS_ADMIN on Debian 12 (a virtual machine or a privileged container), network for apt-get,
# and about 1.5 GiB of memory. Takes --minutes (default 20) plus one for the packages.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages=(auditd bind9-dnsutils cron curl dnsmasq-base ffuf gobuster iproute2 logrotate nginx-light nmap
    openssh-client openssh-server python3 rsyslog sqlmap sshpass sudo)

usage() {
    echo "usage: $0 --yes-change-this-machine [--minutes N]" >&2
    echo "Installs packages, makes users and attacks its own servers, all in a throw-away copy of this system." >&2
    exit 2
}

# An overlay over / with a device folder of its own; what is written goes to memory.
build_root() {
    local work=$1 root=$1/root
    mount -t tmpfs -o size=2g,mode=755 tmpfs "$work/layer"
    mkdir "$work/layer/upper" "$work/layer/work"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/layer/upper,workdir=$work/layer/work" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir "$root/dev/pts" "$root/dev/shm" "$root/run/scenes" "$root/run/out"
    mknod -m 666 "$root/dev/null" c 1 3
    mknod -m 666 "$root/dev/zero" c 1 5
    mknod -m 666 "$root/dev/full" c 1 7
    mknod -m 666 "$root/dev/random" c 1 8
    mknod -m 666 "$root/dev/urandom" c 1 9
    mknod -m 666 "$root/dev/tty" c 5 0
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    mount --bind -o ro "$here/scenes" "$root/run/scenes"
    mount --bind "$work/out" "$root/run/out"
    cp -L --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
}

install_packages() {
    local root=$1
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no package may start its daemon
    chmod 755 "$root/usr/sbin/policy-rc.d"
    chroot "$root" apt-get -qq update
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -qq install -y --no-install-recommends "${packages[@]}" \
        >"$root/var/log/install.txt" 2>&1 || { tail -n 20 "$root/var/log/install.txt" >&2; return 1; }
    chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' "${packages[@]}"
}

# The audit system is one for the whole kernel, and only a process outside a process namespace may lead it.
start_audit() {
    local root=$1
    if ! chroot "$root" auditctl -s 2>/dev/null | grep -qx 'pid 0'; then
        echo "audit: not available here, or in use; the run goes on without it" >&2
        return 0
    fi
    cp "$here/scenes/audit.rules" "$root/etc/audit/rules.d/audit.rules"
    audited_root=$root
    audit_backlog=$(chroot "$root" auditctl -s | sed -n 's/^backlog_limit //p')
    trap 'stop_audit "$audited_root"' EXIT
    unshare --net --uts sh -c "hostname web1 && exec chroot '$root' /usr/sbin/auditd"
    chroot "$root" augenrules --load >/dev/null
    chroot "$root" auditctl -e 1 >/dev/null
}

stop_audit() {
    local root=$1 file=$1/run/auditd.pid
    chroot "$root" auditctl -D >/dev/null || true
    chroot "$root" auditctl -b "$audit_backlog" >/dev/null || true
    chroot "$root" auditctl -e 0 >/dev/null || true
    [ ! -s "$file" ] || kill "$(cat "$file")"
}

inside() {
    local work=$1 minutes=$2 root=$1/root
    build_root "$work"
    install_packages "$root"
    start_audit "$root"
    unshare --net --uts --pid --fork --kill-child \
        sh -c "hostname web1 && mount -t proc proc '$root/proc' &&
               exec chroot '$root' python3 -B /run/scenes/play.py --minutes '$minutes' --out /run/out"
}

main() {
    local agreed=no minutes=20 name
    while [ $# -gt 0 ]; do
        case $1 in
        --yes-change-this-machine) agreed=yes ;;
        --minutes) minutes=${2:?} && shift ;;
        *) usage ;;
        esac
        shift
    done
    [ "$agreed" = yes ] && [[ $minutes =~ ^[1-9][0-9]?$ ]] || usage
    [ "$(id -u)" = 0 ] || { echo "$0: needs root" >&2; exit 2; }

    work=$(mktemp -d)
    mkdir "$work/layer" "$work/root" "$work/out"
    trap 'rm -r --one-file-system "$work"' EXIT
    unshare --mount --propagation private bash "${BASH_SOURCE[0]}" --inside "$work" "$minutes"
    for name in ssh web linux audit; do
        rm -rf "${here:?}/logs/$name"
        [ -d "$work/out/$name" ] || continue
        mkdir -p "$here/logs/$name"
        cp "$work/out/$name"/* "$here/logs/$name/"
    done
    python3 -B "$here/scenes/merge_labels.py" "$work/out/labels.csv" "$here/labels.csv"
}

if [ "${1-}" = --inside ]; then
    shift
    inside "$@"
else
    main "$@"
fi
