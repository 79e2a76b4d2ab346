"""Names of commands, their subcommands and fields of command lines that a tokenizer keeps whole however rare they are.

A corpus of ordinary logs shows few of the commands that a machine has; those that it lacks are worth noticing.
"""

from __future__ import annotations

__all__ = ["COMMAND_WORDS"]

_FIELDS = "TTY PWD USER COMMAND ENV GROUP UID EUID GID AUID COMM EXE CWD ARGV SHELL PATH HOME SUDO"

_FILES = """
awk basename bash busybox cat chattr chgrp chmod chown chroot cksum cmp comm cp cpio csh cut dash dd df diff dirname du
echo egrep expr false fgrep file find fish grep gunzip gzip head install join ksh less link ln locate ls lsattr md mkdir
mkfifo mknod mktemp more mv nl od paste patch printf pwd readlink realpath rename rm rmdir rsync sed seq setfacl getfacl
shred shuf sort split stat strings sum sync tac tail tar tcsh tee test touch tr true truncate tsort umask uniq unlink
unxz unzip vdir vi vim nano emacs wc which whereis xargs xxd hexdump xz yes zcat zip zsh zstd rar unrar
"""
_PROCESSES = """
at atd batch bg chrt cron crond crontab dmesg env exec exit export fg free htop ionice ipcs jobs kill killall lastlog
ldd lsof ltrace nice nohup perf pgrep pidof pkill prlimit ps pstree renice screen setsid sleep strace su sudo sudoedit
sysctl taskset tmux top trap ulimit uptime vmstat wall watch who whoami last lastb users groups id uname hostname
hostnamectl timedatectl localectl loginctl date hwclock shutdown reboot poweroff halt init telinit runlevel eval source
alias unset history logger logrotate journalctl systemctl service chkconfig rcctl launchctl osascript dscl defaults
"""
_ACCOUNTS = """
adduser addgroup chage chfn chpasswd chsh deluser delgroup getent gpasswd groupadd groupdel groupmod login logout
newgrp newusers nologin passwd pwconv useradd userdel usermod visudo vipw doas pkexec runuser faillock ssh sshd scp sftp
keyctl keytool gpg openssl certbot kinit klist kdestroy kadmin ldapsearch ldapmodify realm samba smbclient rpcclient
"""
_NETWORK = """
arp arping arptables brctl bridge conntrack curl dhclient dig drill ebtables ethtool ftp host ifconfig ifdown ifup ip
iperf iptables ipset iw iwconfig lynx masscan mtr nc ncat netcat netplan netstat nft nftables nmap nmcli nslookup ping
ping proxychains rlogin route rsh showmount socat ss tcpdump telnet tftp tracepath traceroute tshark ufw vconfig wget
whois wireguard wg firewalld resolvectl networkctl netns veth vlan vxlan neigh neighbour addr addrlabel maddress mroute
monitor identify tunnel tuntap xfrm macsec rule link ntable fou nexthop mptcp
"""
_SYSTEM = """
apt aptitude apk blkid brew bootctl cargo cfdisk cryptsetup debugfs depmod dnf dpkg dracut efibootmgr fdisk flatpak
fsck fstrim grub insmod kexec kmod losetup lsblk lscpu lsmod lspci lsusb lvcreate lvremove mdadm mkfs mkswap modinfo
modprobe mount mountpoint nsenter pacman parted pip pivot pvcreate rmmod rpm sfdisk snap swapoff swapon tune udevadm
umount unshare update upgrade vgcreate yum zypper zfs zpool auditctl augenrules ausearch aureport apparmor setenforce
getenforce restorecon semanage setsebool chcon setcap getcap capsh
"""
_PROGRAMS = """
ansible awscli aws az bundle crictl ctr containerd docker dockerd gcc gcloud gdb git go helm java jar javac kubectl
kubeadm kubelet lua make minikube mysql mysqldump node npm npx perl php podman psql pg python rake redis ruby runc rustc
skopeo sqlite terraform tclsh vagrant virsh yarn xmrig minerd hydra john hashcat sqlmap nikto gobuster metasploit
msfconsole msfvenom chisel ngrok frpc cloudflared linpeas pspy mimikatz rubeus bloodhound sharphound impacket psexec
wmiexec smbexec secretsdump responder crackmapexec evilginx sliver cobaltstrike
"""
_SUBCOMMANDS = """
start stop restart reload enable disable mask unmask status show list add del delete set get remove create destroy
attach detach exec run inspect import export pull push clone commit apply describe rollout drain cordon taint config
describe query search install uninstall purge flush append insert replace change save restore daemon
"""
_WINDOWS = """
accesschk adfind adsiedit appcmd arp assoc at attrib auditpol bash bcdboot bcdedit bitsadmin cacls calc certmgr certreq
certutil change chcp cipher cls cmd cmdkey cmstp comp compact control copy csc cscript csvde curl cvtres dcdiag del
desktopimgdownldr dfsvc dir diskpart diskshadow dism dllhost dnscmd driverquery dsget dsquery dsmod dsadd dxcap erase
esentutl eventcreate eventvwr expand explorer extrac extexport fc fltmc fodhelper forfiles format fsutil ftp ftype
getmac gpresult gpupdate hh icacls ieexec ilasm infdefaultinstall installutil ipconfig jsc klist ksetup label lsass
logman logoff lpksetup makecab mavinject mmc mofcomp more mountvol move msbuild mscfile msconfig msdt mshta msiexec
msra mstsc nbtstat net netdom netsh netstat nltest notepad nslookup ntdsutil odbcconf pcalua pcwrun ping pktmon pnputil
portproxy powercfg powershell pwsh presentationhost print procdump psexec psexesvc psgetsid pslist psloggedon qappsrv
qprocess query quser qwinsta rasdial rd rdrleakdiag reg regasm regedit regini register regsvcs regsvr relog rem ren
replace reset resmon robocopy route rpcping rsync rundll runas runonce rwinsta sc schtasks scrcons sdbinst sdelete
secedit services set setspn setx sfc shutdown smss spoolsv start subst svchost syskey systeminfo takeown taskeng
taskhost taskkill tasklist taskmgr title tree tracert tscon tskill type typeperf tzutil vbc verclsid vssadmin vssuadmin
wab waitfor wbadmin wbemtest wecutil werfault wevtutil where whoami winlogon winrm winrs winver wmic wmiprvse wpr
wscript wsl wsmprovhost wuauclt wusa xcopy localgroup accounts logonpasswords sekurlsa lsadump shadowcopy shadows
trustedinstaller userinit vssvc iex iwr icm
"""

COMMAND_WORDS: tuple[str, ...] = tuple(
    dict.fromkeys(
        " ".join((_FIELDS, _NETWORK, _ACCOUNTS, _PROCESSES, _FILES, _SYSTEM, _WINDOWS, _PROGRAMS, _SUBCOMMANDS)).split()
    )
)
"""Each once; letters only, of one case."""
